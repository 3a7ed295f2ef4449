import { afterEach, expect, it, vi } from 'vitest'
import { createGateway } from '#main/media/gateway.ts'
import type { MediaKeys, MediaPort } from '#main/media/media-port.ts'
import { createDatagrams } from '#main/platform/sockets/datagrams.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { nodeKeyAgreement } from '#protocol/zrtp/key-agreement.ts'
import { CallWorld } from '#test/fakes/call-world.ts'
import { call, leg, legOffer, planFor } from '#test/fakes/forked-call.ts'

const patience = 15_000
const gateways: MediaPort[] = []

afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.stop()
})

function realGateway(): MediaPort {
  const ports = { datagrams: createDatagrams(), clock: systemClock, random: systemRandom }
  const gateway = createGateway({ ...ports, keyAgreement: nodeKeyAgreement, resolve: (host) => Promise.resolve(host) })
  gateways.push(gateway)
  return gateway
}

/** A device of the callee: its answer, and the keys it agrees on. */
async function device(
  offer: string,
  n: number,
): Promise<{ readonly sdp: string; readonly zid: Uint8Array; readonly keys: () => MediaKeys | null }> {
  const gateway = realGateway()
  let keys: MediaKeys | null = null
  gateway.onEvent((event) => {
    if (event.kind === 'zrtp-peer') void gateway.zrtpSecrets(call, event.peerZid, null)
    else if (event.kind === 'keys') ({ keys } = event)
  })
  const zid = new Uint8Array(12).fill(n)
  const plan = planFor({ localHost: '127.0.0.1', zid })
  const made = await gateway.answer({ call, leg, rendererSdp: legOffer(10 + n), sdp: offer, plan })
  if (!made.ok) throw new Error(made.error)
  return { sdp: made.value.networkSdp ?? '', zid, keys: () => keys }
}

it('a call that forks over real sockets is secure with each device, and keeps the one that answers', async () => {
  const world = new CallWorld(realGateway())
  world.rendererOffer = legOffer(1)
  const id = await world.place()
  const placed = (): string | undefined => world.log.find((line) => line.startsWith('sip.place'))
  await vi.waitFor(() => expect(placed()).toBeDefined(), patience)
  const offer = placed()?.slice('sip.place '.length) ?? ''
  const [a, b] = [await device(offer, 2), await device(offer, 3)]
  const early = (branch: string, sdp: string): Promise<void> =>
    world.signal(id, { kind: 'progress', status: 183, branch, sdp })
  await early('a', a.sdp)
  await vi.waitFor(() => expect(world.log).toContain('engine.play'), patience)
  world.rendererOffer = legOffer(2)
  await early('b', b.sdp)
  await vi.waitFor(() => expect([a.keys(), b.keys()]).not.toContain(null), patience)
  const shown = (): string | undefined => world.view(id).security.sas?.text
  await vi.waitFor(() => expect(shown()).toBe(a.keys()?.sas?.text), patience)
  expect(a.keys()?.sas?.text).not.toBe(b.keys()?.sas?.text)
  await world.signal(id, { kind: 'answered', branch: 'b', sdp: b.sdp })
  await vi.waitFor(() => expect(shown()).toBe(b.keys()?.sas?.text), patience)
  await vi.waitFor(() => expect(world.kept.map((zid) => [...zid])).toEqual([[...b.zid]]), patience)
  await world.signal(id, { kind: 'established' })
  expect(world.view(id)).toMatchObject({ phase: 'active', security: { method: 'zrtp' } })
  await world.calls.stop()
})
