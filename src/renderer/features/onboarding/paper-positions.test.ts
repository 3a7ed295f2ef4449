import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pickPositions } from './paper-positions.ts'

describe('positions of the words to type back', () => {
  it('are different, in range and rising', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 24 }),
        fc.array(fc.nat(), { minLength: 3, maxLength: 3 }),
        (count, numbers) => {
          const positions = pickPositions(count, 3, () => numbers.pop() ?? 0)
          expect(positions).toHaveLength(Math.min(3, count))
          expect(new Set(positions).size).toBe(positions.length)
          expect(positions).toEqual([...positions].sort((a, b) => a - b))
          for (const position of positions) expect(position).toBeLessThan(count)
        },
      ),
    )
  })
})
