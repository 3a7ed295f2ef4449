/**
 * What the media gateway adds to a call: delay of every packet and CPU, the real worker in a process of its own between a stand-in
 * for the page's engine (DTLS-SRTP on loopback) and a phone (ICE, ZRTP, SRTP over UDP). Beside it, in turns in the same run: the
 * same bytes straight from socket to socket, and through a process that only sends on what it hears. Run:
 * node bench/call-bridge.ts [--smoke]. Promises: at most 0.5 ms more than the straight way (p50), at most 8 % of a core for sound.
 */
import { createDatagrams } from '#main/platform/sockets/datagrams.ts'
import type { DatagramSocket } from '#shared/ports/datagrams.ts'
import { gatewayWays, host, packetsOf, pause, startCall, Way } from './support/bridged-call.ts'
import { ms, printFigures, quantile, type Figure } from './support/figures.ts'
import { startHop, type UdpHop } from './support/gateway-client.ts'

const smoke = process.argv.includes('--smoke')
const maxAddedMs = 0.5
const maxCore = 0.08
const warmUps = smoke ? 10 : 100

/** How packets come: `burst` of them at once, as Chromium lets those of a picture go. */
interface Rate {
  readonly what: string
  readonly kind: 'audio' | 'video'
  readonly everyMs: number
  readonly burst: number
  readonly payloadBytes: number
  readonly turns: number
}

const sound: Rate = {
  ...{ what: 'sound, 50 packets/s', kind: 'audio', everyMs: 20, burst: 1, payloadBytes: 160 },
  turns: smoke ? 75 : 1500,
}
const pictures: Rate = {
  ...{ what: 'pictures, 300 packets/s by threes', kind: 'video', everyMs: 10, burst: 3, payloadBytes: 1100 },
  turns: smoke ? 100 : 2000,
}

async function socket(): Promise<DatagramSocket> {
  const bound = await createDatagrams().bind({ host, port: 0 })
  if (!bound.ok) throw new Error('no socket')
  return bound.value
}

/** From one socket straight to another, and through the hop both ways. */
async function idealWays(hop: UdpHop): Promise<{ straight: Way; hopOut: Way; hopIn: Way; close: () => void }> {
  const [from, to, near, far] = await Promise.all([socket(), socket(), socket(), socket()])
  const make = packetsOf(1, 0)
  const straight = new Way(make, (bytes) => from.send(bytes, to.local))
  const hopOut = new Way(make, (bytes) => near.send(bytes, { host, port: hop.near }))
  const hopIn = new Way(make, (bytes) => far.send(bytes, { host, port: hop.far }))
  to.onDatagram((bytes) => straight.arrived(bytes))
  far.onDatagram((bytes) => hopOut.arrived(bytes))
  near.onDatagram((bytes) => hopIn.arrived(bytes))
  // The hop answers to whoever spoke last.
  for (const one of [near, far]) one.send(new Uint8Array(12), { host, port: one === near ? hop.near : hop.far })
  await pause(50)
  const close = (): void => [from, to, near, far].forEach((one) => one.close())
  return { straight, hopOut, hopIn, close }
}

/** Every way in turn within each interval, so that a slow moment of the machine hits all of them. */
async function drive(ways: readonly Way[], { everyMs, burst, payloadBytes, turns }: Rate): Promise<void> {
  const payload = new Uint8Array(payloadBytes).fill(0x55)
  const begun = performance.now()
  for (let turn = 0; turn < turns; turn += 1)
    for (const [at, way] of ways.entries()) {
      await pause(Math.max(0, begun + (turn + at / ways.length) * everyMs - performance.now()))
      way.send(burst, payload)
    }
  await pause(100)
}

interface Share {
  readonly gateway: number
  readonly hop: number
}

/** Of one core, while only the call runs, and while only the hop does. */
async function cpuShare(
  { out, in: into }: { out: Way; in: Way },
  cpuMs: () => Promise<number>,
  rate: Rate,
): Promise<number> {
  const [before, begun] = [await cpuMs(), performance.now()]
  await drive([out, into], rate)
  return ((await cpuMs()) - before) / (performance.now() - begun)
}

interface Measured {
  readonly rate: Rate
  readonly straight: readonly number[]
  readonly hop: readonly number[]
  readonly out: readonly number[]
  readonly in: readonly number[]
  readonly lost: number
  readonly share: Share
}

async function measure(rate: Rate): Promise<Measured> {
  const call = await startCall(rate.kind === 'video')
  const hop = await startHop()
  const ideal = await idealWays(hop)
  const bridge = gatewayWays(call, rate.kind)
  const all = [bridge.out, ideal.straight, bridge.in, ideal.hopOut, ideal.hopIn]
  await drive(all, { ...rate, turns: warmUps })
  const seen = all.map(({ times }) => times.length)
  await drive(all, rate)
  const [out, straight, into, hopOut, hopIn] = all.map(({ times }, at) => times.slice(seen[at]))
  const lost = bridge.out.lost + bridge.in.lost
  const half = { ...rate, turns: rate.turns / 2 }
  const share = {
    gateway: await cpuShare(bridge, call.gateway.cpuMs, half),
    hop: await cpuShare({ out: ideal.hopOut, in: ideal.hopIn }, hop.cpuMs, half),
  }
  ideal.close()
  hop.stop()
  call.stop()
  return {
    ...{ rate, lost, share, out: out ?? [], in: into ?? [], straight: straight ?? [] },
    hop: [...(hopOut ?? []), ...(hopIn ?? [])],
  }
}

function delayFigures({ rate, straight, hop, ...ways }: Measured): Figure[] {
  const base = quantile(straight, 0.5)
  return (['out', 'in'] as const).map((way) => {
    const added = (share: number): number => quantile(ways[way], share) - quantile(straight, share)
    const hopAdded = quantile(hop, 0.5) - base
    return {
      what: `${rate.what}, ${way === 'out' ? 'page to network' : 'network to page'}`,
      measured: `+${ms(added(0.5))} p50, +${ms(added(0.99))} p99`,
      besides: `bare hop +${ms(hopAdded)} p50, +${ms(quantile(hop, 0.99) - quantile(straight, 0.99))} p99`,
      promise: `≤ ${maxAddedMs} ms p50`,
      holds: smoke ? null : added(0.5) <= maxAddedMs,
    }
  })
}

function shareFigure({ rate, share }: Measured): Figure {
  const percent = (part: number): string => `${(part * 100).toFixed(1)} % of a core`
  const isSound = rate.kind === 'audio'
  return {
    what: `${rate.what}, CPU of the gateway's process`,
    measured: percent(share.gateway),
    besides: `bare hop ${percent(share.hop)}`,
    promise: isSound ? `≤ ${maxCore * 100} %` : '–',
    holds: smoke || !isSound ? null : share.gateway <= maxCore,
  }
}

function lossFigure({ rate, lost, out, in: into }: Measured): Figure {
  const all = out.length + into.length
  return {
    what: `${rate.what}, packets that came through`,
    measured: `${all} of ${all + lost}`,
    besides: 'UDP on loopback',
    promise: 'all',
    holds: smoke ? null : lost === 0,
  }
}

const figures: Figure[] = []
for (const rate of [sound, pictures]) {
  const measured = await measure(rate)
  figures.push(...delayFigures(measured), shareFigure(measured), lossFigure(measured))
}
printFigures('What the gateway adds to a call', figures, smoke)
process.exit()
