import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanDisplayName } from './display-name.ts'

describe('cleanDisplayName', () => {
  it.each([
    ['Bob', 'Bob'],
    ['  Bob \r\n Baker\t', 'Bob Baker'],
    ['\u202eecilA\u202c', 'ecilA'],
    ['\u2066Bob\u2069\u200b', 'Bob'],
    ['Bob\u0000<script>', 'Bob<script>'],
    ['Zoë 😀 محمد 山田', 'Zoë 😀 محمد 山田'],
    ['👩‍👩‍👧‍👦', '👩‍👩‍👧‍👦'],
    ['\u200b\u2800\u3164 \u0301', ''],
    ['a\ud800b', 'a\ufffdb'],
    ['', ''],
  ])('%j becomes %j', (raw, clean) => {
    expect(cleanDisplayName(raw)).toBe(clean)
  })

  it('keeps 80 graphemes of a megabyte, and no towers of marks', () => {
    expect(cleanDisplayName('x'.repeat(1_000_000))).toBe('x'.repeat(80))
    expect(cleanDisplayName(`Z${'\u0300'.repeat(1000)}`).length).toBeLessThanOrEqual(24)
    expect(cleanDisplayName('😀'.repeat(200))).toBe('😀'.repeat(80))
  })

  it('is short, well formed, on one line, free of directional controls, and stable, for every input', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (raw) => {
        const clean = cleanDisplayName(raw)
        expect(clean.isWellFormed()).toBe(true)
        expect(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/u.test(clean)).toBe(false)
        expect([...new Intl.Segmenter().segment(clean)].length).toBeLessThanOrEqual(80)
        expect(cleanDisplayName(clean)).toBe(clean)
      }),
      { numRuns: 500 },
    )
  })
})
