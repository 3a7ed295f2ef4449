import { expect, it } from 'vitest'
import { sleptMs } from './power-monitor.ts'

it('tells sleep from a slow timer and from a clock set by a little', () => {
  expect(sleptMs(5000, 5000)).toBe(0)
  expect(sleptMs(60_000, 60_000)).toBe(0)
  expect(sleptMs(9000, 5000)).toBe(0)
  expect(sleptMs(-60_000, 5000)).toBe(0)
  expect(sleptMs(3_605_000, 5000)).toBe(3_600_000)
})
