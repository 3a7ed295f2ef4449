import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { encodeCheck, keyOfPassword } from '#protocol/ice/binding.ts'
import { buildRtpPacket, payloadOf } from '#protocol/rtp/packet.ts'
import { err } from '#shared/result.ts'
import type { DatagramsPort } from '#shared/ports/datagrams.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { LoopbackWire } from '#test/fakes/loopback-wire.ts'
import { MediaPage } from '#test/fakes/media-page.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { makeLoopbackCertificate } from './dtls-client.ts'
import { LoopbackLeg } from './loopback-leg.ts'
import { readRendererOffer, type RendererTransport } from './renderer-description.ts'

const host = '127.0.0.1'
const elsewhere: DatagramsPort = { bind: () => Promise.reject(new Error('not here')), localAddresses: () => [] }
const packet = (mark: number): Uint8Array =>
  buildRtpPacket({ payloadType: 111, ssrc: 7, sequenceNumber: mark, timestamp: 960 * mark }, Uint8Array.of(mark))
const report = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 7)
const record = Uint8Array.of(22, 254, 253, 1)

/** A leg, and a stand-in for the engine on the same wire. */
class LegWorld {
  readonly heard: string[] = []
  readonly #random = new SeededRandom('leg')
  readonly #wire = new LoopbackWire().beside(elsewhere)
  readonly clock = new FakeClock()
  leg!: LoopbackLeg
  page!: MediaPage

  static async start(): Promise<LegWorld> {
    const made = new LegWorld()
    const random = { bytes: (length: number) => made.#random.bytes(length) }
    const mark = (bytes: Uint8Array): string => String(payloadOf(bytes)?.[0])
    const opened = await LoopbackLeg.open(
      { datagrams: made.#wire, random, certificate: await makeLoopbackCertificate() },
      {
        onRtp: (bytes) => made.heard.push(`rtp ${mark(bytes)}`),
        onRtcp: () => made.heard.push('rtcp'),
        onRecord: (bytes) => made.heard.push(`record ${bytes[0]}`),
        onConnected: () => made.heard.push('connected'),
        onFailed: () => made.heard.push('failed'),
      },
    )
    if (!opened.ok) throw new Error('no leg')
    made.leg = opened.value
    made.page = await MediaPage.open({ datagrams: made.#wire, random, clock: made.clock, host })
    return made
  }

  get renderer(): RendererTransport {
    const offer = readRendererOffer(this.page.offer())
    if (offer === null) throw new Error('no offer')
    return offer.transport
  }

  /** As the answer for the engine says it. */
  connect(password = this.leg.address.password): void {
    const { ufrag, port } = this.leg.address
    const lines = [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.1',
      's=-',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    ]
    const ice = [`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${password}`, `a=candidate:1 1 udp 1 ${host} ${port} typ host`, '']
    void this.page.connect([...lines, 'a=rtpmap:111 opus/48000/2', ...ice].join('\r\n'))
  }

  /** Datagrams of the wire come in real time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }

  async stranger(bytes: Uint8Array): Promise<void> {
    const bound = await this.#wire.bind({ host, port: 0 })
    if (bound.ok) bound.value.send(bytes, { host, port: this.leg.address.port })
    await this.settle()
  }
}

let world: LegWorld
beforeEach(async () => {
  world = await LegWorld.start()
})
afterEach(() => {
  world.leg.close()
  world.page.close()
})

const connected = (): Promise<void> => vi.waitFor(() => expect(world.heard).toContain('connected'), 10_000)

describe('a leg that ends the encryption', () => {
  it('hands over bare packets and reports, and protects what goes to the engine', async () => {
    world.leg.terminate(world.renderer)
    world.connect()
    await connected()
    await vi.waitFor(() => expect(world.page.isConnected).toBe(true), 10_000)
    const given: (Uint8Array | string)[] = []
    world.page.onPacket = (sealed) => given.push(sealed, world.page.unprotect(sealed))
    world.page.raw(world.page.protect(packet(1)))
    world.page.raw(world.page.protectReport(report))
    world.leg.sendRtp(packet(2))
    await world.settle()
    expect(world.heard).toEqual(['connected', 'rtp 1', 'rtcp'])
    expect(Buffer.from(given[1] ?? '')).toEqual(Buffer.from(packet(2)))
    expect(Buffer.from(given[0] ?? '').includes(Buffer.from(packet(2)))).toBe(false)
  })

  it('reads nothing of anybody else, nothing forged, and nothing after it was closed', async () => {
    world.leg.terminate(world.renderer)
    world.connect()
    await connected()
    await vi.waitFor(() => expect(world.page.isConnected).toBe(true), 10_000)
    const sealed = [world.page.protect(packet(1)), world.page.protect(packet(2))] as const
    await world.stranger(sealed[0])
    await world.stranger(record)
    world.page.raw(packet(3))
    world.page.raw(new Uint8Array(0))
    world.page.raw(sealed[0].map((byte, at) => (at === 20 ? byte ^ 1 : byte)))
    await world.settle()
    expect(world.heard).toEqual(['connected'])
    world.leg.close()
    world.page.raw(sealed[1])
    await world.settle()
    expect(world.heard).toEqual(['connected'])
  })

  it('fails where the engine shows another certificate than it announced', async () => {
    const { ufrag, fingerprint } = world.renderer
    world.leg.terminate({ ufrag, fingerprint: { ...fingerprint, value: fingerprint.value.replace(/^../, '00') } })
    world.connect()
    await vi.waitFor(() => expect(world.heard).toEqual(['failed']), 10_000)
    world.leg.sendRtp(packet(1))
    expect(world.leg.isConnected).toBe(false)
  })

  it('does not begin for checks with another password', async () => {
    const records: Uint8Array[] = []
    world.page.onRecord = (bytes) => records.push(bytes)
    world.leg.terminate(world.renderer)
    world.connect('p'.repeat(22))
    const facts = { username: `${world.leg.address.ufrag}:other`, priority: 1, useCandidate: true } as const
    const role = { role: 'controlling', tiebreaker: new Uint8Array(8) } as const
    await world.stranger(encodeCheck({ ...facts, ...role }, new Uint8Array(12), keyOfPassword('q'.repeat(22))))
    await world.clock.advance(1_000)
    await world.settle()
    expect([world.heard, records]).toEqual([[], []])
  })
})

describe('a leg that passes through', () => {
  it('hands records and protected packets over as they are, both ways, and speaks no DTLS itself', async () => {
    world.page.endsDtls = false
    const given: number[] = []
    world.page.onRecord = (bytes) => given.push(bytes[0] ?? 0)
    world.leg.passThrough(world.renderer)
    world.leg.sendRecord(record)
    world.connect()
    await connected()
    world.page.raw(record)
    world.page.raw(packet(1))
    await world.stranger(record)
    world.leg.sendRecord(record)
    world.leg.sendRtp(packet(2))
    await world.settle()
    expect(world.heard).toEqual(['connected', 'record 22', 'record 128'])
    expect(given).toEqual([22])
  })
})

it('a leg without a port is none', async () => {
  const datagrams = {
    ...elsewhere,
    bind: () => Promise.resolve(err({ kind: 'unreachable' } as const)),
  }
  const ports = { datagrams, random: new SeededRandom('none'), certificate: await makeLoopbackCertificate() }
  const ignore = (): void => undefined
  const handlers = { onRtp: ignore, onRtcp: ignore, onRecord: ignore, onConnected: ignore, onFailed: ignore }
  expect(await LoopbackLeg.open(ports, handlers)).toEqual(err({ kind: 'unreachable' }))
})
