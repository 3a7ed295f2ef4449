import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { desk } from '#test/fakes/calling.ts'
import { modelledSetUp } from '#test/fakes/invite-timers.ts'
import { goodHost, LossyDomain, lossyHost, useSimulatedTime } from '#test/fakes/lossy-domain.ts'
import { lossyHandshake } from '#test/fakes/lossy-handshake.ts'
import { percentWithin, ratesText, type Tries } from '#test/fakes/rates.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { domain } from '#test/fakes/sip-domain.ts'
import { modelledHandshake } from '#test/fakes/zrtp-timers.ts'

const calls = Number(process.env.SOTTO_LOSSY_CALLS ?? '4000')
const first = Number(process.env.SOTTO_LOSSY_SEED ?? '1000')
const loss = 0.3
const moments = [1_000, 2_000, 4_000, 8_000, Infinity]

/** In the end within two points of what the timers allow; before that not below it by more than chance explains. */
function expectNotBelow(program: Tries, model: Tries): void {
  for (const ms of moments) {
    const allowed = percentWithin(model, ms)
    const deviation = Math.sqrt((allowed * (100 - allowed)) / program.length)
    expect(percentWithin(program, ms)).toBeGreaterThan(allowed - 2 - 2 * deviation)
  }
  expect(Math.abs(percentWithin(program, Infinity) - percentWithin(model, Infinity))).toBeLessThan(2)
}

function report(name: string, program: Tries, model: Tries): void {
  process.stdout.write(`${ratesText(name, program, model, moments)}\n`)
}

it(`${calls} ZRTP handshakes at 30 % loss each way`, () => {
  const line = { loss, delayMs: [20, 50], mediaMs: 20 } as const
  const program = Array.from({ length: calls }, (_, at) => lossyHandshake(first + at, line))
  const model = Array.from({ length: 5 * calls }, (_, at) => modelledHandshake(line, new SeededRandom(first + at)))
  report('secure', program, model)
  expectNotBelow(program, model)
  expect(percentWithin(program, 8_000)).toBeGreaterThanOrEqual(99)
})

describe('INVITE over UDP', () => {
  const perWorld = 20
  beforeEach(useSimulatedTime)
  afterEach(() => void vi.useRealTimers())

  /** Calls at once, from press until both ends have the session; null = not in two minutes. */
  async function setUps(seed: string): Promise<Tries> {
    const world = new LossyDomain(seed)
    world.loss = loss
    await world.start()
    const alice = await world.agent('alice', lossyHost)
    const bob = await world.agent('bob', goodHost)
    const up: number[] = []
    bob.agent.onEvent((event) => {
      if (event.kind !== 'session') return
      event.session.onEvent(({ kind }) => {
        if (kind === 'established') up.push(performance.now())
      })
      event.session.accept(desk())
    })
    const begun = performance.now()
    for (let call = 0; call < perWorld; call += 1) alice.agent.invite(`sip:bob@${domain}`, desk())
    await vi.advanceTimersByTimeAsync(120_000)
    return Array.from({ length: perWorld }, (_, at) => (up[at] === undefined ? null : up[at] - begun))
  }

  it(`${calls / 2} calls at 30 % loss each way`, async () => {
    const program: (number | null)[] = []
    for (let world = 0; program.length < calls / 2; world += 1)
      program.push(...(await setUps(`world ${first + world}`)))
    const link = { loss, delayMs: [5, 45] } as const
    const model = Array.from({ length: 5 * calls }, (_, at) => modelledSetUp(link, new SeededRandom(first + at)))
    report('set up', program, model)
    expectNotBelow(program, model)
  })
})
