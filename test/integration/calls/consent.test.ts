/** A call whose network goes away without a word (RFC 7675), on real gateways, under a fake clock. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { createGateway } from '#main/media/gateway.ts'
import type { MediaEvent, MediaPlan, MediaPort } from '#main/media/media-port.ts'
import { nodeKeyAgreement } from '#protocol/zrtp/key-agreement.ts'
import type { CallId, LegId } from '#shared/model/calls.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { SimulatedNetwork } from '#test/fakes/simulated-network.ts'

const [call, leg] = ['call' as CallId, 'leg' as LegId]
const fixture = readFileSync(new URL('../../fixtures/chromium/offer-audio.sdp', import.meta.url), 'utf8')
const rendererSdp = (ssrc: number): string => fixture.replaceAll(/a=ssrc:\d+/g, `a=ssrc:${ssrc}`)

/** Two ends that have found each other, and what one of them tells from then on. */
async function connected() {
  const clock = new FakeClock()
  const random = new SeededRandom('consent')
  const network = new SimulatedNetwork({ clock, random })
  const end = (host: string): { gateway: MediaPort; plan: MediaPlan; events: MediaEvent[] } => {
    const node = network.node([host, '127.0.0.1'])
    const gateway = createGateway({
      ...{ clock, random, keyAgreement: nodeKeyAgreement, resolve: () => Promise.resolve(null) },
      datagrams: { bind: (at) => node.bind(at), localAddresses: () => [host] },
    })
    const events: MediaEvent[] = []
    gateway.onEvent((event) => events.push(event))
    const plan: MediaPlan = {
      policy: 'any',
      offer: 'zrtp',
      ...{ signallingSecure: true, verified: false, choseDtls: false, video: false },
      ...{ hideAddress: false, relay: null, localHost: host, zid: random.bytes(12) },
    }
    return { gateway, plan, events }
  }
  const [a, b] = [end('192.0.2.1'), end('198.51.100.2')]
  const offer = await a.gateway.offer({ call, leg, rendererSdp: rendererSdp(1), plan: a.plan })
  if (!offer.ok) throw new Error(offer.error)
  const sdp = offer.value.networkSdp
  const answer = await b.gateway.answer({ call, leg, rendererSdp: rendererSdp(2), sdp, plan: b.plan })
  if (!answer.ok) throw new Error(answer.error)
  await a.gateway.takeAnswer({ call, branch: '', sdp: answer.value.networkSdp ?? '' })
  await clock.advance(10_000)
  expect(await a.gateway.network(call)).toMatchObject({ path: 'direct' })
  return { clock, network, a, b }
}

const told = (events: readonly MediaEvent[]): string[] =>
  events.filter(({ kind }) => kind !== 'keys').map((event) => (event.kind === 'lost' ? event.why : event.kind))

it('asks for another path once consent is gone, and names the cause when none is found', async () => {
  const { clock, network, a, b } = await connected()
  a.events.length = 0
  network.blocks = () => true
  await clock.advance(24_000)
  expect(told(a.events)).toEqual([])
  await clock.advance(7_000)
  expect(told(a.events)).toEqual(['restart-needed'])
  await clock.advance(23_000)
  expect(told(a.events)).toEqual(['restart-needed'])
  await clock.advance(8_000)
  expect(told(a.events)).toEqual(['restart-needed', 'media-lost'])
  await Promise.all([a.gateway.stop(), b.gateway.stop()])
})

it('goes on where the restart finds one', async () => {
  const { clock, network, a, b } = await connected()
  a.events.length = 0
  network.blocks = () => true
  await clock.advance(40_000)
  network.blocks = () => false
  const offer = await a.gateway.reoffer({ call, held: false, rendererSdp: null, video: false, restart: true })
  const sdp = offer.ok ? offer.value.networkSdp : ''
  const answer = await b.gateway.answer({ call, leg, rendererSdp: null, sdp, plan: b.plan })
  await a.gateway.takeAnswer({ call, branch: '', sdp: answer.ok ? (answer.value.networkSdp ?? '') : '' })
  await clock.advance(60_000)
  expect(told(a.events)).toEqual(['restart-needed'])
  expect((await a.gateway.network(call))?.remoteAddress).toMatch(/^198\./)
  await Promise.all([a.gateway.stop(), b.gateway.stop()])
})
