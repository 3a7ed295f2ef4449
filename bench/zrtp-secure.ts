/**
 * From the first Hello on a valid pair until both sides are secure, beside what the round trips of the path alone take: the
 * program's ZRTP over real UDP through a path of our own that holds every packet back, and in simulated time. The least is four round
 * trips: Hello, Commit, DHPart2, Confirm2. Run: node bench/zrtp-secure.ts [--smoke]. Promise: at most five round trips and 20 ms.
 */
import { createDatagrams } from '#main/platform/sockets/datagrams.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import type { DhName } from '#protocol/zrtp/algorithms.ts'
import { defaultPreferences } from '#protocol/zrtp/algorithms.ts'
import { keepForEver } from '#protocol/zrtp/confirm.ts'
import { nodeKeyAgreement } from '#protocol/zrtp/key-agreement.ts'
import { ZrtpSession } from '#protocol/zrtp/session.ts'
import { ZrtpStream } from '#protocol/zrtp/stream.ts'
import type { DatagramAddress, DatagramSocket } from '#shared/ports/datagrams.ts'
import { SimulatedCall } from '#test/fakes/zrtp-call.ts'
import { ms, printFigures, quantile, type Figure } from './support/figures.ts'

const smoke = process.argv.includes('--smoke')
const rounds = smoke ? 2 : 30
const host = '127.0.0.1'
const roundTrips = smoke ? [0, 20] : [0, 20, 100]
const agreements = ['X255', 'DH3k'] as const
const names = { X255: 'X25519', DH3k: 'DH3k' } as const
const maxRoundTrips = 5
const maxOverMs = 20
/** Question and answer of the shortest handshake. */
const leastRoundTrips = 4

async function socket(): Promise<DatagramSocket> {
  const bound = await createDatagrams().bind({ host, port: 0 })
  if (!bound.ok) throw new Error('no socket')
  return bound.value
}

interface Way {
  readonly socket: DatagramSocket
  /** Where it sends to: the middle. */
  readonly aim: DatagramAddress
}

interface Path {
  readonly ways: readonly [Way, Way]
  readonly close: () => void
}

/** Two sockets and a middle that holds every packet for half a round trip. */
async function openPath(roundTripMs: number): Promise<Path> {
  const [one, other, near, far] = await Promise.all([socket(), socket(), socket(), socket()])
  const hold = (from: DatagramSocket, to: DatagramSocket, at: DatagramAddress): void =>
    from.onDatagram((bytes) => {
      if (roundTripMs === 0) to.send(bytes, at)
      else setTimeout(() => to.send(bytes, at), roundTripMs / 2)
    })
  hold(near, far, other.local)
  hold(far, near, one.local)
  const close = (): void => [one, other, near, far].forEach((each) => each.close())
  const ways = [
    { socket: one, aim: near.local },
    { socket: other, aim: far.local },
  ] as const
  return { ways, close }
}

interface End {
  readonly stream: ZrtpStream
  readonly secure: Promise<void>
}

function openEnd({ socket: from, aim: to }: Way, ssrc: number, keyAgreement: DhName): End {
  let isSecure: () => void = () => undefined
  const secure = new Promise<void>((resolve) => (isSecure = resolve))
  const stream = new ZrtpStream({
    ...{ zid: systemRandom.bytes(12), ssrc, session: new ZrtpSession(), place: 'first', passive: false },
    preferences: { ...defaultPreferences, keyAgreements: [keyAgreement] },
    ...{ auxSecret: null, cacheExpiration: keepForEver, keyAgreement: nodeKeyAgreement },
    ...{ clock: systemClock, random: systemRandom },
    send: (packet) => from.send(packet, to),
    onEvent: (event) => {
      if (event.kind === 'need-secrets') stream.provideSecrets(null)
      else if (event.kind === 'secure') isSecure()
    },
  })
  from.onDatagram((bytes) => stream.receive(bytes))
  return { stream, secure }
}

/** Milliseconds over real sockets; and of a packet there and back on the same path, before it. */
async function onSockets(roundTripMs: number, keyAgreement: DhName): Promise<{ tookMs: number; pathMs: number }> {
  const pathMs = await roundTrip(roundTripMs)
  const path = await openPath(roundTripMs)
  const ends = path.ways.map((way, at) => openEnd(way, at + 1, keyAgreement))
  const begun = performance.now()
  for (const { stream } of ends) stream.start()
  await Promise.all(ends.map(({ secure }) => secure))
  const tookMs = performance.now() - begun
  for (const { stream } of ends) stream.stop()
  path.close()
  return { tookMs, pathMs }
}

async function roundTrip(roundTripMs: number): Promise<number> {
  const path = await openPath(roundTripMs)
  const [one, other] = path.ways
  other.socket.onDatagram((bytes) => other.socket.send(bytes, other.aim))
  const back = new Promise<void>((resolve) => one.socket.onDatagram(() => resolve()))
  const begun = performance.now()
  one.socket.send(new Uint8Array(128), one.aim)
  await back
  const took = performance.now() - begun
  path.close()
  return took
}

function simulated(roundTripMs: number, keyAgreement: DhName, seed: number): number {
  const preferences = { ...defaultPreferences, keyAgreements: [keyAgreement] }
  const faults = { loss: 0, duplication: 0, delayMs: [roundTripMs / 2, roundTripMs / 2] } as const
  const call = new SimulatedCall(`bench ${seed}`, { preferences }, { preferences }, faults).run()
  if (!call.isSecure) throw new Error('not secure')
  return call.time.monotonic()
}

async function measure(roundTripMs: number, agreement: (typeof agreements)[number]): Promise<Figure[]> {
  const real: number[] = []
  const paths: number[] = []
  for (let round = -1; round < rounds; round += 1) {
    const { tookMs, pathMs } = await onSockets(roundTripMs, agreement)
    if (round < 0) continue
    real.push(tookMs)
    paths.push(pathMs)
  }
  const [took, path] = [quantile(real, 0.5), quantile(paths, 0.5)]
  const inSimulation = simulated(roundTripMs, agreement, roundTripMs)
  const [limit, simulatedLimit] = [path, roundTripMs].map((each) => maxRoundTrips * each + maxOverMs)
  const what = `${names[agreement]}, path of ${roundTripMs} ms`
  const promise = (most: number | undefined): string =>
    `≤ ${maxRoundTrips} of them + ${maxOverMs} ms = ${ms(most ?? 0)}`
  return [
    {
      what: `${what}, sockets, p50`,
      measured: `${ms(took)} (p90 ${ms(quantile(real, 0.9))})`,
      besides: `${leastRoundTrips} round trips of this run: ${ms(leastRoundTrips * path)}`,
      promise: promise(limit),
      holds: smoke ? null : took <= (limit ?? 0),
    },
    {
      what: `${what}, simulated time`,
      measured: ms(inSimulation),
      besides: `${leastRoundTrips} round trips: ${ms(leastRoundTrips * roundTripMs)}`,
      promise: promise(simulatedLimit),
      holds: smoke ? null : inSimulation <= (simulatedLimit ?? 0),
    },
  ]
}

const figures: Figure[] = []
for (const roundTripMs of roundTrips)
  for (const agreement of agreements) figures.push(...(await measure(roundTripMs, agreement)))
printFigures('ZRTP, from the first Hello until both sides are secure', figures, smoke)
process.exit()
