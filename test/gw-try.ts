import { chromium } from '@playwright/test'
import { createServer } from 'node:http'
import { createGateway } from '#main/media/gateway.ts'
import { createDatagrams } from '#main/platform/sockets/datagrams.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { nodeKeyAgreement } from '#protocol/zrtp/key-agreement.ts'
import { randomBytes } from 'node:crypto'

const kinds = process.argv[2] === 'video' ? ['audio', 'video'] : ['audio']
const offer = (process.argv[3] ?? 'zrtp') as 'zrtp'
const policy = (process.argv[4] ?? 'zrtp-preferred') as 'zrtp-preferred'
const server = createServer((_q, r) => { r.setHeader('content-type', 'text/html'); r.end('<!doctype html><title>x</title>') }).listen(0, '127.0.0.1')
await new Promise((r) => server.on('listening', r))
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required', '--allow-loopback-in-peer-connection'] })
async function page() {
  const p = await (await browser.newContext()).newPage()
  await p.goto(`http://127.0.0.1:${(server.address() as any).port}/`)
  return {
    offer: () => p.evaluate(async (kinds) => {
      const w = window as any
      const s = await navigator.mediaDevices.getUserMedia({ audio: true, video: kinds.includes('video') })
      const pc = (w.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' }))
      for (const t of s.getTracks()) pc.addTrack(t, s)
      await pc.setLocalDescription()
      return pc.localDescription!.sdp
    }, kinds),
    answer: (sdp: string) => p.evaluate(async (sdp) => (window as any).pc.setRemoteDescription({ type: 'answer', sdp }), sdp),
    stats: () => p.evaluate(async () => { const o: any[] = []; (await (window as any).pc.getStats()).forEach((s: any) => { if (['inbound-rtp', 'outbound-rtp', 'remote-inbound-rtp'].includes(s.type)) o.push([s.type, s.kind, s.packetsReceived ?? s.packetsSent, s.roundTripTime, s.framesDecoded, s.totalAudioEnergy, s.packetsLost, s.frameWidth]) }); return [(window as any).pc.connectionState, ...o] }),
  }
}
const gw = () => createGateway({ datagrams: createDatagrams(), clock: systemClock, random: systemRandom, keyAgreement: nodeKeyAgreement })
const [a, b] = [gw(), gw()]
const [pa, pb] = [await page(), await page()]
const plan = { policy, signallingSecure: true, verified: false, choseDtls: offer === ('dtls' as any), offer, video: false, hideAddress: false, relay: null, localHost: '127.0.0.1' }
for (const [n, g] of [['a', a], ['b', b]] as const) g.onEvent((e) => { console.log(n, JSON.stringify(e, (k, v) => v instanceof Uint8Array ? Buffer.from(v).toString('hex').slice(0, 12) : v)); if (e.kind === 'zrtp-peer') void g.zrtpSecrets('c' as any, e.peerZid, null) })
const t0 = performance.now()
const [ra, rb] = [await pa.offer(), await pb.offer()]
const o = await a.offer({ call: 'c' as any, leg: 'l' as any, rendererSdp: ra, plan: { ...plan, zid: randomBytes(12) } })
if (!o.ok) throw new Error(o.error)
console.log(o.value.networkSdp)
const ans = await b.answer({ call: 'c' as any, leg: 'l' as any, rendererSdp: rb, sdp: o.value.networkSdp, plan: { ...plan, offer: 'zrtp', zid: randomBytes(12) } })
if (!ans.ok) throw new Error(ans.error)
console.log(ans.value.networkSdp)
await pb.answer(ans.value.rendererSdp!)
const done = await a.takeAnswer({ call: 'c' as any, branch: 'x', sdp: ans.value.networkSdp! })
if (!done.ok) throw new Error(done.error)
await pa.answer(done.value.rendererSdp!)
await new Promise((r) => setTimeout(r, 6000))
console.log(JSON.stringify(await pa.stats()), JSON.stringify(await pb.stats()))
console.log(await a.network('c' as any), await b.network('c' as any))
await browser.close(); server.close(); process.exit(0)
