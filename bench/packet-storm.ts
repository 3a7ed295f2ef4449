/**
 * A call with sound while somebody sends hostile packets to its port: replayed, cut, changed and forged RTP, RTCP, STUN and ZRTP, from
 * an address of their own, 5,000 and 20,000 a second and as many as they can. The real worker in a process of its own, real sockets;
 * beside it the same call before the storm. Run: node bench/packet-storm.ts [--smoke]. Promises: the call goes on under its keys, all
 * that the other side says in the quiet afterwards is heard, and nothing forged ever.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { gatewayWays, host, pause, startCall, type RunningCall, type Way } from './support/bridged-call.ts'
import { ms, printFigures, quantile, type Figure } from './support/figures.ts'

const smoke = process.argv.includes('--smoke')
const forMs = smoke ? 1_000 : 10_000
const voiceMs = 20
const payload = new Uint8Array(160).fill(0x55)
const mostPerSecond = 1_000_000

interface Talk {
  readonly sent: number
  readonly heard: number
  readonly p50: number
  readonly p99: number
  readonly core: number
}

/** Both sides speak for a while. */
async function talk({ gateway }: RunningCall, ways: readonly Way[], lastsMs: number): Promise<Talk> {
  const before = ways.map(({ times }) => times.length)
  const [cpu, begun] = [await gateway.cpuMs(), performance.now()]
  const turns = Math.floor(lastsMs / voiceMs)
  for (let turn = 0; turn < turns; turn += 1) {
    await pause(Math.max(0, begun + turn * voiceMs - performance.now()))
    for (const way of ways) way.send(1, payload)
  }
  await pause(200)
  const times = ways.flatMap((way, at) => way.times.slice(before[at]))
  const core = ((await gateway.cpuMs()) - cpu) / (performance.now() - begun)
  return { sent: ways.length * turns, heard: times.length, p50: quantile(times, 0.5), p99: quantile(times, 0.99), core }
}

/** The port of the call's sound on the network side, and packets as somebody on the path sees them. */
async function watch(call: RunningCall, out: Way): Promise<{ readonly port: number; readonly seen: Uint8Array[] }> {
  const seen: Uint8Array[] = []
  const section = call.phone.sections[0]
  const remote = section?.remote ?? null
  if (section === undefined || remote === null) throw new Error('no way to the call')
  const before = section.onPacket
  section.onPacket = (bytes) => {
    seen.push(Uint8Array.from(bytes))
    before(bytes)
  }
  out.send(50, payload)
  await pause(200)
  section.onPacket = before
  return { port: remote.port, seen }
}

const thousands = (count: number): string => count.toLocaleString('en')

async function run(): Promise<void> {
  const call = await startCall(false)
  let forgedHeard = 0
  const { out, in: into } = gatewayWays(call, 'audio')
  const { onPacket } = call.page
  call.page.onPacket = (sealed) => {
    const plain = call.page.unprotect(sealed)
    if (typeof plain !== 'string' && plain.subarray(12).some((byte) => byte !== 0x55)) forgedHeard += 1
    onPacket(sealed)
  }
  const { port, seen } = await watch(call, out)
  const quiet = await talk(call, [out, into], forMs)
  const figures: Figure[] = []
  for (const perSecond of [5_000, 20_000, mostPerSecond]) {
    const child = fork(new URL('./support/storm-process.ts', import.meta.url).pathname, { serialization: 'advanced' })
    const done = once(child, 'message') as Promise<[number]>
    child.send({ host, port, perSecond, forMs, seen })
    await pause(500)
    const during = await talk(call, [out, into], forMs - 500)
    const [sent] = await done
    child.disconnect()
    await pause(500)
    const after = await talk(call, [out, into], smoke ? 400 : 2_000)
    const what = perSecond === mostPerSecond ? 'as many as they can' : `${thousands(perSecond)} a second`
    figures.push({
      what: `${what}: ${thousands(Math.round((1000 * sent) / forMs))} came a second`,
      measured: `${during.heard} of ${during.sent} heard, ${ms(during.p50)} p50, ${ms(during.p99)} p99, ${(100 * during.core).toFixed(0)} % of a core`,
      besides: `before: ${quiet.heard} of ${quiet.sent}, ${ms(quiet.p50)}, ${ms(quiet.p99)}, ${(100 * quiet.core).toFixed(0)} %`,
      promise: 'all heard afterwards, nothing forged',
      holds: smoke ? null : after.heard === after.sent && forgedHeard === 0,
    })
  }
  call.stop()
  printFigures('A call in a storm of hostile packets', figures, smoke)
}

await run()
process.exit()
