import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Hlc } from './entry.ts'
import { clampHlc, compareHlc, maxHlcCounter, mergeHlc, tickHlc } from './hlc.ts'

const hlc = fc.record({ wallMs: fc.nat(1000), counter: fc.nat(maxHlcCounter) })

it('always ticks forward, whatever the wall clock does', () => {
  fc.assert(
    fc.property(hlc, fc.array(fc.nat(1000), { maxLength: 30 }), (start, walls) => {
      let last: Hlc = start
      for (const wall of walls) {
        const next = tickHlc(last, wall)
        expect(compareHlc(next, last)).toBeGreaterThan(0)
        expect(next.wallMs).toBeGreaterThanOrEqual(wall)
        expect(next.counter).toBeLessThanOrEqual(maxHlcCounter)
        last = next
      }
    }),
  )
})

it('clamps what comes from the future to its receipt', () => {
  fc.assert(
    fc.property(hlc, hlc, fc.nat(1000), (last, seen, now) => {
      expect(clampHlc(seen, now).wallMs).toBeLessThanOrEqual(now)
      const merged = mergeHlc(last, seen, now)
      expect(compareHlc(merged, last)).toBeGreaterThanOrEqual(0)
      expect(merged.wallMs).toBeLessThanOrEqual(Math.max(last.wallMs, now))
    }),
  )
})
