/** The part of a text that a hit shows, with what was looked for marked in it. */
import {
  asciiSymbols,
  isAsciiWord,
  maxTokenLength,
  onlyAscii,
  symbolBase,
  tokens,
  type SearchQuery,
  type Token,
} from './search-text.ts'

export interface Excerpt {
  readonly excerpt: string
  readonly highlights: readonly (readonly [number, number])[]
}

const before = 40
const excerptLength = 160

/** A place where a phrase occurs, UTF-16 offsets. */
interface Span {
  readonly start: number
  readonly end: number
  /** Where its last word begins. */
  readonly last: number
}

/**
 * What shows texts for a query: the part around the first match, with every match in it marked; the beginning where no words
 * were asked for.
 */
export function excerptsFor(query: SearchQuery | null): (text: string) => Excerpt {
  if (query === null) return (text) => cut(text, [])
  const phrases = query.phrases.map((phrase, index) => asciiPhrase(phrase, isPrefix(query, index)))
  return (text) => cut(text, near(onlyAscii.test(text) ? asciiSpans(text, phrases) : spansOf(text, query)))
}

const isPrefix = ({ phrases, prefix }: SearchQuery, index: number): boolean => prefix && index === phrases.length - 1

/** Those that the excerpt around the first can show. */
function near(spans: Iterable<Span>): readonly (readonly [number, number])[] {
  const kept: (readonly [number, number])[] = []
  let stop = Infinity
  for (const { start, end, last } of spans) {
    if (last >= stop) break
    if (kept.length === 0) stop = start + excerptLength
    kept.push([start, end])
  }
  return kept
}

/** Where phrases occur, by the end of the place; of several that end there, the first phrase. */
function* spansOf(text: string, query: SearchQuery): Generator<Span> {
  const seen: Token[] = []
  for (const token of tokens(text)) {
    seen.push(token)
    const length = matchLength(seen, query)
    if (length !== null) yield { start: seen[seen.length - length]?.start ?? 0, end: token.end, last: token.start }
  }
}

/** Tokens of the first phrase whose last word is the last token of `seen`. */
function matchLength(seen: readonly Token[], query: SearchQuery): number | null {
  const index = query.phrases.findIndex((phrase, at) => endsWith(seen, phrase, isPrefix(query, at)))
  return query.phrases[index]?.length ?? null
}

function endsWith(seen: readonly Token[], phrase: readonly string[], prefix: boolean): boolean {
  const first = seen.length - phrase.length
  if (first < 0) return false
  for (let at = phrase.length - 1; at >= 0; at--) {
    const [token, word] = [seen[first + at]?.text ?? '', phrase[at] ?? '']
    if (prefix && at === phrase.length - 1 ? !token.startsWith(word) : token !== word) return false
  }
  return true
}

const asciiWord = /^[a-z0-9]+$/

/** A phrase as it stands in a text of ASCII alone, in lower case. */
interface AsciiPhrase {
  readonly tokens: readonly string[]
  readonly prefix: boolean
}

/** Null for what cannot stand in such a text. */
function asciiPhrase(phrase: readonly string[], prefix: boolean): AsciiPhrase | null {
  const written = phrase.map(asciiToken)
  return written.includes(null) ? null : { tokens: written as readonly string[], prefix }
}

function asciiToken(token: string): string | null {
  if (asciiWord.test(token)) return token
  const code = token.charCodeAt(0) - symbolBase
  return token.length === 1 && asciiSymbols.has(code) ? String.fromCharCode(code) : null
}

/** As {@link spansOf}, as far as an excerpt can reach, many times as fast. */
function asciiSpans(text: string, phrases: readonly (AsciiPhrase | null)[]): readonly Span[] {
  const lower = text.toLowerCase()
  const spans = phrases.flatMap((phrase) => (phrase === null ? [] : occurrences(lower, phrase)))
  if (phrases.length === 1) return spans
  // Stable: of several that end at one place, the first phrase stays.
  const ordered = spans.toSorted((a, b) => a.end - b.end)
  return ordered.filter(({ end }, index) => end !== ordered[index - 1]?.end)
}

function occurrences(lower: string, phrase: AsciiPhrase): readonly Span[] {
  const spans: Span[] = []
  const first = phrase.tokens[0] ?? ''
  let stop = Infinity
  for (let at = lower.indexOf(first); at >= 0 && at < stop; at = lower.indexOf(first, at + 1)) {
    const span = spanAt(lower, at, phrase)
    if (span === null) continue
    if (spans.length === 0) stop = span.end + excerptLength
    spans.push(span)
  }
  return spans
}

/** The phrase at this place, each token whole; a word is cut in index and query alike, so that what follows is not compared. */
function spanAt(lower: string, start: number, { tokens: words, prefix }: AsciiPhrase): Span | null {
  if (isAsciiWord(lower.charCodeAt(start)) && isAsciiWord(lower.charCodeAt(start - 1))) return null
  let [last, end] = [start, start]
  for (const [index, word] of words.entries()) {
    last = index === 0 ? start : afterSeparators(lower, end)
    if (!lower.startsWith(word, last)) return null
    end = last + word.length
    if (!isAsciiWord(word.charCodeAt(0)) || !isAsciiWord(lower.charCodeAt(end))) continue
    const isOpen = word.length === maxTokenLength || (prefix && index === words.length - 1)
    if (!isOpen) return null
    while (isAsciiWord(lower.charCodeAt(end))) end += 1
  }
  return { start, end, last }
}

function afterSeparators(lower: string, from: number): number {
  let at = from
  while (at < lower.length && !isAsciiWord(lower.charCodeAt(at)) && !asciiSymbols.has(lower.charCodeAt(at))) at += 1
  return at
}

function cut(text: string, spans: readonly (readonly [number, number])[]): Excerpt {
  const first = spans[0]?.[0] ?? 0
  // Most messages are short.
  if (text.length <= excerptLength && first <= before) return { excerpt: text, highlights: mergeSpans(spans) }
  const from = first <= before ? 0 : whole(text, wordStart(text, first - before, first))
  const to = whole(text, Math.min(text.length, from + excerptLength))
  const head = from > 0 ? '…' : ''
  const shift = head.length - from
  const highlights = mergeSpans(spans)
    .map(([start, end]) => [start + shift, Math.min(end, to) + shift] as const)
    .filter(([start, end]) => start < end)
  return { excerpt: `${head}${text.slice(from, to)}${to < text.length ? '…' : ''}`, highlights }
}

/** Never between the halves of a surrogate pair. */
function whole(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return at > 0 && code >= 0xdc00 && code <= 0xdfff ? at - 1 : at
}

function wordStart(text: string, from: number, limit: number): number {
  const space = text.indexOf(' ', from)
  return space >= 0 && space < limit ? space + 1 : from
}

function mergeSpans(spans: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  if (spans.length < 2) return spans
  const merged: [number, number][] = []
  for (const [start, end] of spans) {
    const last = merged.at(-1)
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end)
    else merged.push([start, end])
  }
  return merged
}
