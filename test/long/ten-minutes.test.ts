import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { createDatagrams } from '#main/platform/sockets/datagrams.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import type { DatagramsPort } from '#shared/ports/datagrams.ts'
import { DatagramNetwork } from '#test/fakes/datagram-network.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { LossyCall, type CallSide, type LossyCallEnd } from '#test/fakes/lossy-call.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'

const minutes = Number(process.env.SOTTO_LOSSY_MINUTES ?? '10')
const first = Number(process.env.SOTTO_LOSSY_SEED ?? '1')
const loss = 0.3
const minuteMs = 60_000
/** Of V8's and the test's own. */
const slackBytes = 4_000_000

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heapBytes(): number {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

interface Minute {
  /** Share of the other side's packets that could be read. */
  readonly caller: number
  readonly callee: number
  readonly heapBytes: number
}

/** Both speak for a minute. */
async function minute({ caller, callee }: LossyCall, advance: (ms: number) => Promise<void>): Promise<Minute> {
  const before = [caller, callee].map(({ heard, sent }) => ({ heard, sent }))
  await advance(minuteMs)
  const share = (end: LossyCallEnd, at: number, other: LossyCallEnd): number =>
    (end.heard - (before[at]?.heard ?? 0)) / (other.sent - (before[1 - at]?.sent ?? 0))
  return { caller: share(caller, 0, callee), callee: share(callee, 1, caller), heapBytes: heapBytes() }
}

/** A call of ten minutes; `advance` lets time pass. */
async function holdsOn(name: string, call: LossyCall, advance: (ms: number) => Promise<void>): Promise<void> {
  for (let turn = 0; turn < 2_000 && !call.isSecure; turn += 1) {
    await advance(20)
    // DTLS towards the page is on real time.
    await pause(1)
  }
  expect(call.isSecure).toBe(true)
  call.speak()
  const told: Minute[] = []
  for (let count = 0; count < minutes; count += 1) {
    const last = await minute(call, advance)
    told.push(last)
    const { caller, callee, heapBytes: bytes } = last
    const shares = [caller, callee].map((share) => `${(100 * share).toFixed(1)} %`).join(' and ')
    const heap = `${(bytes / 1e6).toFixed(1)} MB`
    process.stdout.write(`${name}, minute ${count + 1}: heard ${shares}, heap ${heap}, restarts ${call.restarts}\n`)
  }
  await call.close()
  const { caller, callee } = call
  expect([caller.lost, callee.lost]).toEqual([[], []])
  // The keys are said once, and are the same from the first minute to the last.
  expect([caller.keys.length, callee.keys.length]).toEqual([1, 1])
  expect(caller.keys[0]?.sas).toEqual(callee.keys[0]?.sas)
  expect(caller.refused + callee.refused).toBe(0)
  // Some seconds of a minute may go by while a lost path is found again.
  for (const { caller: toCaller, callee: toCallee } of told)
    expect(Math.min(toCaller, toCallee)).toBeGreaterThan(0.9 * (1 - loss) - 0.1)
  const [early, late] = [told[0]?.heapBytes ?? 0, told.at(-1)?.heapBytes ?? 0]
  expect(late - early).toBeLessThan(slackBytes)
}

it.each([first, first + 1, first + 2])(
  'stays up for ten simulated minutes at 30 % loss each way, seed %i',
  async (seed) => {
    const clock = new FakeClock()
    const random = new SeededRandom(`minutes ${seed}`)
    const network = new DatagramNetwork({
      ...{ clock, random, loss: (from, to) => (from === to ? 0 : loss) },
      delayMs: (from, to) => (from === to ? 1 : 20 + random.below(30)),
    })
    const side = (host: string): CallSide => ({
      ...{ datagrams: network.host(host), host, random: new SeededRandom(`${host} ${seed}`) },
    })
    const call = await LossyCall.start(clock, side('192.0.2.1'), side('192.0.2.2'))
    await holdsOn(`seed ${seed}`, call, (ms) => clock.advance(ms))
  },
)

/** Real sockets of one loopback address; what leaves for the other one gets lost by the dice. */
function lossySockets(host: string, random: SeededRandom): DatagramsPort {
  const real = createDatagrams()
  return {
    localAddresses: () => [host],
    bind: async ({ port }) => {
      const bound = await real.bind({ host, port })
      if (!bound.ok) return bound
      const { value } = bound
      const send: typeof value.send = (bytes, to) => {
        if (to.host === host || random.unit() >= loss) value.send(bytes, to)
      }
      return { ok: true, value: { ...value, send } }
    },
  }
}

it('stays up for ten real minutes at 30 % loss each way, on sockets', async () => {
  const side = (host: string): CallSide => {
    const random = new SeededRandom(`${host} ${first}`)
    return { datagrams: lossySockets(host, random), host, random }
  }
  const call = await LossyCall.start(systemClock, side('127.0.0.1'), side('127.0.0.2'))
  await holdsOn('real', call, (ms) => pause(ms))
})
