import { describe, expect, it } from 'vitest'
import { linePath, niceTop, summarize } from './plot.ts'

const box = { width: 100, height: 10, count: 5 }

describe('plots', () => {
  it('summarize what was measured, not the gaps', () => {
    expect(summarize([null, 2, null, 4])).toEqual({ now: 4, mean: 3, highest: 4 })
    expect(summarize([3, null])).toEqual({ now: null, mean: 3, highest: 3 })
    expect(summarize([])).toEqual({ now: null, mean: null, highest: null })
  })

  it('have round scales that hold the highest figure', () => {
    expect([3, 11, 20, 470, 0, 0.3].map((highest) => niceTop(highest, 5))).toEqual([5, 20, 20, 500, 5, 5])
    expect(niceTop(1000, 5)).toBe(1000)
  })

  it('put the newest at the right edge and leave gaps open', () => {
    expect(linePath([0, 10, 5], 10, box)).toBe('M50.0 10.0L75.0 0.0L100.0 5.0')
    expect(linePath([10, null, 10], 10, box)).toBe('M50.0 0.0M100.0 0.0')
    expect(linePath([1, 2, 3, 4, 5, 6, 7], 10, box)).toMatch(/^M0\.0 7\.0/)
    expect(linePath([99], 10, box)).toBe('M100.0 0.0')
    expect(linePath([], 10, box)).toBe('')
  })
})
