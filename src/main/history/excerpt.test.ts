import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { excerptsFor } from './excerpt.ts'
import { parseQuery } from './search-text.ts'

const shown = (text: string, query: string) => excerptsFor(parseQuery(query))(text)
const marked = (text: string, query: string) => {
  const { excerpt, highlights } = shown(text, query)
  return highlights.map(([start, end]) => excerpt.slice(start, end))
}

describe('the part of a text that a hit shows', () => {
  it('is the place of the first match in a long text', () => {
    const long = `${'filler words here '.repeat(5000)}the needle lies here and needle again ${'more '.repeat(5000)}`
    const { excerpt } = shown(long, 'needle')
    expect(excerpt.length).toBeLessThan(170)
    expect(excerpt.startsWith('…')).toBe(true)
    expect(excerpt.endsWith('…')).toBe(true)
    expect(marked(long, 'needle')).toEqual(['needle', 'needle'])
  })

  it('never cuts a surrogate pair', () => {
    for (let shift = 0; shift < 4; shift++) {
      const text = `${'x'.repeat(shift)}${'😀'.repeat(200)} needle ${'😀'.repeat(200)}`
      expect(shown(text, 'needle').excerpt.isWellFormed()).toBe(true)
    }
  })

  it.each([
    ['One two ONE', 'one', ['One', 'ONE']],
    ['one two three', 'two thr', ['two', 'three']],
    ['one, two; three', '"two three"', ['two; three']],
    ['one + two', '"one +"', ['one +']],
    ['a+b=c', '+b', ['+b']],
    ['go go go', '"go go"', ['go go go']],
    ['$5 or 5$', '$', ['$', '$']],
    ['bone one', '"one"', ['one']],
    [`${'x'.repeat(90)} y`, `"${'x'.repeat(90)}"`, ['x'.repeat(90)]],
    ['plain', 'plän', []],
  ])('marks in %j what is looked for by %j', (text, query, marks) => expect(marked(text, query)).toEqual(marks))

  it('is the same for plain ASCII as for every other text', () => {
    const word = fc.constantFrom('a', 'b', 'ab', 'A', 'aB', '+', '$', 'x'.repeat(64), 'X'.repeat(70))
    const between = fc.constantFrom(' ', ' ', '', '. ', '-', '\n', '   ', ' '.repeat(50))
    const text = fc
      .array(fc.tuple(word, between), { maxLength: 60 })
      .map((pieces) => pieces.map(([each, gap]) => each + gap).join(''))
    const phrase = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => `"${words.join(' ')}"`)
    const query = fc
      .tuple(fc.array(phrase, { maxLength: 2 }), fc.option(word, { nil: '' }))
      .map(([phrases, last]) => [...phrases, last].join(' '))
    fc.assert(
      fc.property(text, query, (ascii, asked) => {
        // A character at the far end that is no token and never shown, and the text is not ASCII.
        const far = `${ascii}${' '.repeat(400)}`
        expect(shown(far, asked)).toEqual(shown(`${far}\u2003`, asked))
      }),
      { numRuns: 5000 },
    )
  })
})
