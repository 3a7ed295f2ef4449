/**
 * Words of a text, the same for index, query and highlight. SQLite sees only these tokens, one space between them, so that
 * its own idea of Unicode does not matter.
 *
 * A word is a run of letters, digits and marks, folded: lower case, no accents, compatibility forms resolved. Each character
 * of a script without spaces between words (Han, kana, Hangul, Thai, Lao, Khmer, Myanmar) and each symbol or emoji is a
 * token of its own; substrings of such text are found as phrases.
 */

/** Version of these rules: when it changes, the index is built again. */
export const searchTextVersion = 2

export interface Token {
  /** Folded text, without ASCII separators. */
  readonly text: string
  /** UTF-16 offsets into the source. */
  readonly start: number
  readonly end: number
}

const single =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}'
const pattern = new RegExp(
  `([[${single}]&&[\\p{L}\\p{N}\\p{M}]])|([\\p{S}])|([[\\p{L}\\p{N}\\p{M}]--[${single}\\uFE00-\\uFE0F]]+)`,
  'gv',
)
export const onlyAscii = /^[\x00-\x7f]*$/
const plainAscii = /^[a-z0-9]+$/
const accents = /[\u0300-\u036f]/g
const asciiSeparators = /[\x00-\x2f:-@[-`{-\x7f]/g
/** Longest token, UTF-16 units; longer words are cut in index and query alike. */
export const maxTokenLength = 64
/** ASCII symbols would separate tokens in SQLite: they are indexed as private-use characters. */
export const symbolBase = 0xe000
/** Tokens that no text holds: one says the conversation, the others what the row is. */
const filterBase = '\ue100'

/** Tokens of `text`, lazily. */
export function tokens(text: string): Generator<Token> {
  return onlyAscii.test(text) ? asciiTokens(text) : unicodeTokens(text)
}

/** What {@link unicodeTokens} would give for such a text, many times as fast. */
function* asciiTokens(text: string): Generator<Token> {
  for (let at = 0; at < text.length;) {
    const start = at
    while (isAsciiWord(text.charCodeAt(at))) at += 1
    if (at > start) {
      yield { text: text.slice(start, Math.min(at, start + maxTokenLength)).toLowerCase(), start, end: at }
      continue
    }
    const code = text.charCodeAt(at)
    at += 1
    if (asciiSymbols.has(code)) yield { text: String.fromCharCode(symbolBase + code), start, end: at }
  }
}

/** Letters and digits. */
export function isAsciiWord(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a)
}

/** ASCII characters that are tokens of their own. */
export const asciiSymbols: ReadonlySet<number> = new Set(Array.from('$+<=>^`|~', (symbol) => symbol.charCodeAt(0)))

function* unicodeTokens(text: string): Generator<Token> {
  for (const match of text.matchAll(pattern)) {
    const [source, character, symbol] = match
    const folded = foldToken(source, character, symbol)
    if (folded !== '') yield { text: folded, start: match.index, end: match.index + source.length }
  }
}

function foldToken(source: string, character: string | undefined, symbol: string | undefined): string {
  if (character !== undefined) return character.normalize('NFKC').toLowerCase().replace(asciiSeparators, '')
  if (symbol !== undefined) {
    const code = symbol.charCodeAt(0)
    return code < 0x80 ? String.fromCharCode(symbolBase + code) : symbol
  }
  const lower = source.slice(0, maxTokenLength).toLowerCase()
  if (plainAscii.test(lower)) return lower
  return lower
    .normalize('NFKD')
    .toLowerCase()
    .replace(accents, '')
    .replaceAll('ß', 'ss')
    .replaceAll('ς', 'σ')
    .replace(asciiSeparators, '')
}

/** What can be looked for besides words; a row may be several of them. */
export type SearchFacet = 'text' | 'call' | 'file' | 'link' | 'bookmark' | 'incoming' | 'outgoing'

const facetTokens: Readonly<Record<SearchFacet, string>> = {
  text: '\ue101',
  call: '\ue102',
  file: '\ue103',
  link: '\ue104',
  bookmark: '\ue105',
  incoming: '\ue106',
  outgoing: '\ue107',
}

/** The columns of a row that the index knows. */
export interface IndexedRow {
  readonly conversation: number
  readonly text: string
  readonly file_name: string | null
  readonly call_outcome: string | null
  readonly incoming: number
  readonly bookmarked: number
}

/** What is stored in the index for a row. */
export function indexText(row: IndexedRow): string {
  const words = [conversationToken(row.conversation), ...facetsOf(row).map((facet) => facetTokens[facet])]
  for (const token of tokens(row.file_name ?? row.text)) words.push(token.text)
  return words.join(' ')
}

const link = /https?:\/\/[^\s]/i

function facetsOf(row: IndexedRow): readonly SearchFacet[] {
  const facets: SearchFacet[] = [row.incoming === 1 ? 'incoming' : 'outgoing']
  if (row.call_outcome !== null) facets.push('call')
  else if (row.file_name !== null) facets.push('file')
  else if (row.text !== '') facets.push('text')
  if (link.test(row.text)) facets.push('link')
  if (row.bookmarked === 1) facets.push('bookmark')
  return facets
}

function conversationToken(ref: number): string {
  return `${filterBase}${ref}`
}

/** A parsed query: every phrase must occur; `prefix` only for the last one. */
export interface SearchQuery {
  readonly phrases: readonly (readonly string[])[]
  readonly prefix: boolean
}

/** Reads what the user typed; words in double quotes belong together. Null when nothing in it can be searched. */
export function parseQuery(text: string): SearchQuery | null {
  const pieces = text.match(/"[^"]*"?|[^\s"]+/g) ?? []
  const phrases = pieces
    .map((piece) => Array.from(tokens(piece), (token) => token.text))
    .filter((phrase) => phrase.length > 0)
  if (phrases.length === 0) return null
  return { phrases, prefix: !text.trimEnd().endsWith('"') }
}

/** What narrows a search besides its words. */
export interface SearchScope {
  /** Any of these conversations; null = all. */
  readonly conversations: readonly number[] | null
  /** All of these facets. */
  readonly facets: readonly SearchFacet[]
  /** Every word that begins as the last one of the query does, at least one; null = the index finds them. */
  readonly begun: readonly string[] | null
}

/** The word that the user may still be typing; null when it is complete. */
export function begunWord({ phrases, prefix }: SearchQuery): string | null {
  return prefix ? (phrases.at(-1)?.at(-1) ?? null) : null
}

function lastPhrase({ phrases, prefix }: SearchQuery, begun: readonly string[] | null): string {
  const phrase = phrases.at(-1) ?? []
  if (!prefix) return quoted(phrase)
  if (begun === null) return `${quoted(phrase)} *`
  return anyOf(begun.map((word) => quoted([...phrase.slice(0, -1), word])))
}

const quoted = (phrase: readonly string[]): string => `"${phrase.join(' ').replaceAll('"', '""')}"`
const anyOf = (phrases: readonly string[]): string => `(${phrases.join(' OR ')})`

/**
 * The MATCH expression: quoted phrases only, so that nothing the user typed is ever an operator. Null when nothing is asked
 * for, or nothing could be found.
 */
export function matchExpression(query: SearchQuery | null, scope: SearchScope): string | null {
  const { conversations, facets, begun } = scope
  if (conversations?.length === 0) return null
  const parts = [
    ...(conversations === null ? [] : [anyOf(conversations.map((ref) => quoted([conversationToken(ref)])))]),
    ...facets.map((facet) => quoted([facetTokens[facet]])),
    ...(query?.phrases ?? []).slice(0, -1).map(quoted),
    ...(query === null ? [] : [lastPhrase(query, begun)]),
  ]
  return parts.length === 0 ? null : parts.join(' AND ')
}
