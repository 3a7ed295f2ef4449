const maxGraphemes = 80
/** One grapheme with its combining marks, UTF-16 units; the longest emoji sequences have about 20. */
const maxGraphemeLength = 24
/** Looked at before anything else: names of a megabyte are cut, not processed. */
const maxInputLength = 4096

/** Controls, private characters, and what is invisible or turns the text around; joiners and emoji selectors stay. */
const unwanted = /(?!\u200c|\u200d|\ufe0e|\ufe0f)[\p{Cc}\p{Co}\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffb]/gu
const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' })

/**
 * Cleans a name that came from outside: one line, no control, directional or invisible characters, no towers of combining
 * marks, at most 80 graphemes. Empty if nothing readable is left.
 */
export function cleanDisplayName(raw: string): string {
  const line = raw
    .slice(0, maxInputLength)
    .toWellFormed()
    .normalize('NFC')
    .replace(/[\s\u2028\u2029]+/gu, ' ')
    .replace(unwanted, '')
    .replace(/ +/g, ' ')
    .trim()
  let cleaned = ''
  let count = 0
  for (const { segment } of segmenter.segment(line)) {
    if (count === maxGraphemes) break
    cleaned += cutGrapheme(segment)
    count += 1
  }
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(cleaned) ? cleaned.trim() : ''
}

/** Cut between code points, so that no half surrogate is left. */
function cutGrapheme(grapheme: string): string {
  if (grapheme.length <= maxGraphemeLength) return grapheme
  let cut = ''
  for (const character of grapheme) {
    if (cut.length + character.length > maxGraphemeLength) return cut
    cut += character
  }
  return cut
}
