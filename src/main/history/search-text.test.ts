import Database from 'better-sqlite3'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { indexText, matchExpression, parseQuery, tokens, type IndexedRow, type Token } from './search-text.ts'
import { excerptsFor } from './excerpt.ts'

const row = (text: string): IndexedRow => ({
  ...{ conversation: 7, text, file_name: null, call_outcome: null, incoming: 1, bookmarked: 0 },
})

/** Whether a search for `query` finds `text`, by the real index. */
function finds(text: string, query: string, ref: number | null = null): boolean {
  const parsed = parseQuery(query)
  if (parsed === null) return false
  const db = new Database(':memory:')
  db.exec(
    "CREATE VIRTUAL TABLE t USING fts5 (body, content = '', tokenize = 'ascii', prefix = '1 2 3', columnsize = 0)",
  )
  db.prepare('INSERT INTO t (rowid, body) VALUES (1, ?)').run(indexText(row(text)))
  const match = matchExpression(parsed, { conversations: ref === null ? null : [ref], facets: [], begun: null })
  const found = db.prepare('SELECT rowid FROM t WHERE t MATCH ?').all(match).length === 1
  db.close()
  return found
}

const marked = (text: string, query: string) => {
  const { excerpt, highlights } = excerptsFor(parseQuery(query))(text)
  return highlights.map(([start, end]) => excerpt.slice(start, end))
}

describe('search', () => {
  it.each([
    ['Grüße aus Köln', 'grusse'],
    ['Grüße aus Köln', 'KÖLN'],
    ['Straße', 'strasse'],
    ['STRASSE', 'straße'],
    ['e\u0301te\u0301', 'été'],
    ['Ｆｕｌｌ width', 'full'],
    ['ΟΔΟΣ', 'οδος'],
    ['don’t stop', "don't"],
    ['I use C++ daily', 'c++'],
    ['costs 5€ or $6', '5€'],
    ['costs 5€ or $6', '$6'],
    ['我喜欢喝绿茶', '绿茶'],
    ['我喜欢喝绿茶', '喜欢喝'],
    ['東京タワーに行く', 'タワー'],
    ['안녕하세요 세계', '하세요'],
    ['ฉันรักแมว', 'แมว'],
    ['good 👍🏽 job', '👍'],
    ['family 👨‍👩‍👧', '👨‍👩‍👧'],
    ['love ❤️', '❤'],
    ['🇩🇪 and 🇫🇷', '🇫🇷'],
    ['हिन्दी भाषा', 'भाषा'],
    ['see https://example.org/a_b?c=d', 'example.org'],
    ['one two three', 'two one'],
    ['one two three', '"two three"'],
    ['hello world', 'wor'],
    ['hello world', 'h'],
  ])('finds %s by %s', (text, query) => {
    expect(finds(text, query)).toBe(true)
    expect(marked(text, query).length).toBeGreaterThan(0)
  })

  it.each([
    ['我喜欢喝绿茶', '茶绿'],
    ['one two three', '"three two"'],
    ['one two three', '"two thr"'],
    ['hello world', 'orld'],
    ['hello world', 'hel world'],
    ['hello', '"hel"'],
    ['😀', '😁'],
  ])('does not find %s by %s', (text, query) => {
    expect(finds(text, query)).toBe(false)
  })

  it('keeps to the conversation it is asked for', () => {
    expect(finds('hello', 'hello', 7)).toBe(true)
    expect(finds('hello', 'hello', 70)).toBe(false)
    expect(finds('hello', 'hello', 6)).toBe(false)
  })

  it('never lets what was typed become an operator', () => {
    for (const text of [
      'a OR b',
      'NOT b',
      'NEAR(a b)',
      'body:a',
      'a*',
      '-a',
      '^a',
      '"',
      '""',
      "'; --",
      'a" OR "b',
      '(',
      '{a}:b',
    ]) {
      expect(() => finds('nothing of that', text)).not.toThrow()
      expect(finds('zzz', text)).toBe(false)
    }
    expect(parseQuery(' "" * ^ ( ) ')).not.toBeNull()
    expect(parseQuery(' . , ; " ')).toBeNull()
  })

  it('finds every word of any text, and marks inside the excerpt only', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.nat(), (text, pick) => {
        const all = [...tokens(text)]
        if (all.length === 0) return
        const token = all[pick % all.length]!
        const word = text.slice(token.start, token.end)
        expect(finds(text, word)).toBe(true)
        const { excerpt, highlights } = excerptsFor(parseQuery(word))(text)
        expect(highlights.length).toBeGreaterThan(0)
        for (const [start, end] of highlights) expect(start >= 0 && end <= excerpt.length && start < end).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('reads plain ASCII as it reads every other text', () => {
    const shapes = (list: Iterable<Token>): readonly Token[] => [...list]
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 200 }), (text) => {
        // One character more, which is no token, and the text is not ASCII.
        expect(shapes(tokens(text))).toEqual(shapes(tokens(`${text}\u2003`)))
      }),
      { numRuns: 2000 },
    )
    const long = `${'x'.repeat(100)} $ ${'Y'.repeat(64)}`
    expect(shapes(tokens(long))).toEqual(shapes(tokens(`${long}\u2003`)))
  })
})
