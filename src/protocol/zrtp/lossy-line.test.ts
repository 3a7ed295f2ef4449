import { expect, it } from 'vitest'
import { lossyHandshake } from '#test/fakes/lossy-handshake.ts'
import { percentWithin } from '#test/fakes/rates.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { modelledHandshake } from '#test/fakes/zrtp-timers.ts'

const line = { loss: 0.3, delayMs: [20, 50], mediaMs: 20 } as const
const calls = 200

it('is secure within 8 s in 99 of 100 calls that lose 30 % each way, and as often as the timers of the RFC allow', () => {
  const program = Array.from({ length: calls }, (_, seed) => lossyHandshake(`line ${seed}`, line))
  const model = Array.from({ length: 5 * calls }, (_, seed) =>
    modelledHandshake(line, new SeededRandom(`model ${seed}`)),
  )
  expect(percentWithin(program, 8_000)).toBeGreaterThanOrEqual(99)
  for (const ms of [8_000, Infinity])
    expect(Math.abs(percentWithin(program, ms) - percentWithin(model, ms))).toBeLessThan(2)
})

it('is secure after four round trips where nothing gets lost, as the timers say', () => {
  const good = { ...line, loss: 0, delayMs: [20, 20] } as const
  expect(modelledHandshake(good, new SeededRandom('good'))).toBe(4 * 40)
  expect(lossyHandshake('good', good)).toBe(4 * 40)
})
