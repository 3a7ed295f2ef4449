import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutHighlights } from './highlights.ts'

describe('highlights', () => {
  it('marks the matches', () => {
    expect(cutHighlights('the red fox', [[4, 7]])).toEqual([
      { text: 'the ', hit: false },
      { text: 'red', hit: true },
      { text: ' fox', hit: false },
    ])
  })

  it('shows every character once whatever the pairs are', () => {
    const pair = fc.tuple(fc.integer({ min: -5, max: 40 }), fc.integer({ min: -5, max: 40 }))
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), fc.array(pair), (text, pairs) => {
        const pieces = cutHighlights(text, pairs)
        expect(pieces.map((piece) => piece.text).join('')).toBe(text)
        expect(pieces.every((piece) => piece.text !== '')).toBe(true)
      }),
    )
  })
})
