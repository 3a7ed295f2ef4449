import { readFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import { createGateway } from '#main/media/gateway.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import type { CallSignal } from '#main/accounts/signalling-port-calls.ts'
import { nodeKeyAgreement } from '#protocol/zrtp/key-agreement.ts'
import type { DatagramsPort } from '#shared/ports/datagrams.ts'
import { CallWorld } from '#test/fakes/call-world.ts'
import { FakeClock, settle } from '#test/fakes/fake-clock.ts'

const chromium = readFileSync(new URL('../../fixtures/chromium/offer-audio.sdp', import.meta.url), 'utf8')

/** The whole calls feature on the real gateway; every socket asked for and every datagram is written down. */
function setup(): { readonly world: CallWorld; readonly wire: string[] } {
  const wire: string[] = []
  let port = 20_000
  const datagrams: DatagramsPort = {
    bind: ({ host }) => {
      wire.push(`bind ${host}`)
      const local = { host, port: (port += 1) }
      const send = (): void => void wire.push('send')
      return Promise.resolve({ ok: true, value: { local, send, onDatagram: () => undefined, close: () => undefined } })
    },
    localAddresses: () => {
      wire.push('addresses')
      return ['127.0.0.1']
    },
  }
  const gateway = createGateway({
    ...{ datagrams, clock: new FakeClock(), random: systemRandom, keyAgreement: nodeKeyAgreement },
    resolve: (host) => Promise.resolve(host),
  })
  const world = new CallWorld(gateway)
  world.rendererOffer = chromium
  return { world, wire }
}

const head = ['v=0', 'o=- 1 1 IN IP4 127.0.0.9', 's=-', 'c=IN IP4 127.0.0.9', 't=0 0']
const ice = ['a=ice-ufrag:abcd', `a=ice-pwd:${'p'.repeat(22)}`, 'a=candidate:1 1 UDP 1 127.0.0.9 9 typ host']
const offers: readonly (readonly [string, string | null])[] = [
  ['of sound', [...head, 'm=audio 9 RTP/AVP 0'].join('\r\n')],
  ['with ICE', [...head, 'm=audio 9 RTP/AVP 0', ...ice, `a=zrtp-hash:1.10 ${'ab'.repeat(32)}`].join('\r\n')],
  ['with DTLS', [...head, 'm=audio 9 UDP/TLS/RTP/SAVPF 0', ...ice, 'a=setup:active'].join('\r\n')],
  ['to many', [...head.with(3, 'c=IN IP4 224.0.0.1/1'), ...Array<string>(60).fill('m=audio 9 RTP/AVP 0')].join('\r\n')],
  ['by name', [...head.with(3, 'c=IN IP4 tracker.example'), 'm=audio 9 RTP/AVP 0'].join('\r\n')],
  ['absurd', 'v=0\r\n\0'],
  ['yet to come', null],
]
const forged: readonly CallSignal[] = [
  { kind: 'answered', branch: 'x', sdp: offers[0]?.[1] ?? '' },
  { kind: 'established' },
  { kind: 'reoffered', offer: 1, sdp: offers[1]?.[1] ?? '' },
  { kind: 'reoffered', offer: 2, sdp: null },
  { kind: 'progress', status: 183, branch: 'x', sdp: offers[0]?.[1] ?? '' },
]

describe('until the user takes a call', () => {
  it.each(offers)('an offer %s opens no socket, sends nothing and captures nothing', async (_what, sdp) => {
    const { world, wire } = setup()
    const id = await world.ringing('in', sdp)
    for (const signal of forged) await world.signal(id, signal)
    await settle()
    expect(wire).toEqual([])
    expect(world.log.filter((line) => /^(engine|window|sip.accept|sip.answer)/.test(line))).toEqual([])
  })

  it('and then they do', async () => {
    const { world, wire } = setup()
    const id = await world.ringing('in', offers[0]?.[1] ?? null)
    await world.calls.accept({ callId: id, video: false })
    await vi.waitFor(() => expect(world.log.some((line) => line.startsWith('sip.accept'))).toBe(true), 10_000)
    expect(wire.length).toBeGreaterThan(0)
    expect(world.log).toContain('engine.capture mic')
    await world.calls.stop()
  })
})
