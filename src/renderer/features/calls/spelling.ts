/** Letters as words that no bad line confuses (ICAO spelling alphabet), for reading the SAS aloud. */
const words: readonly string[] = (
  'Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November Oscar Papa Quebec Romeo Sierra ' +
  'Tango Uniform Victor Whiskey X-ray Yankee Zulu'
).split(' ')

/** The word for one character; a digit stays itself. */
export function spell(character: string): string {
  const at = character.toLowerCase().charCodeAt(0) - 97
  return words[at] ?? character
}

/** The SAS in pieces to show: characters of letters, or whole words. */
export function sasPieces(sas: { readonly kind: 'letters' | 'words'; readonly text: string }): readonly string[] {
  return sas.kind === 'letters'
    ? Array.from(sas.text.replace(/\s/g, ''))
    : sas.text.split(/\s+/).filter((word) => word !== '')
}

/** The SAS as a screen reader should say it. */
export function spokenSas(sas: { readonly kind: 'letters' | 'words'; readonly text: string }): string {
  const pieces = sasPieces(sas)
  return (sas.kind === 'letters' ? pieces.map(spell) : pieces).join(', ')
}
