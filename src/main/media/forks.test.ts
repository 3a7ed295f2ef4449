import { beforeEach, describe, expect, it } from 'vitest'
import { encodeCheck, keyOfPassword } from '#protocol/ice/binding.ts'
import { buildRtpPacket } from '#protocol/rtp/packet.ts'
import { profiles } from '#protocol/srtp/profiles.ts'
import { SrtpSender } from '#protocol/srtp/sender.ts'
import type { DatagramSocket } from '#shared/ports/datagrams.ts'
import { call, ForkedCall, legOffer } from '#test/fakes/forked-call.ts'

let world: ForkedCall

beforeEach(() => {
  world = new ForkedCall()
})

const sasOf = (branch: string): string | undefined =>
  world.told('keys').findLast((event) => event.branch === branch)?.keys.sas?.text
/** Where the call's packets go. */
const remoteOf = async (): Promise<string | undefined> =>
  (await world.caller.gateway.network(call))?.remoteAddress.split(':')[0]
const refusalOf = (outcome: { readonly ok: boolean; readonly error?: unknown }): unknown =>
  outcome.ok ? null : outcome.error

describe('two branches with ZRTP and ICE', () => {
  it('are each secure with keys of their own, under the one Hello that was offered', async () => {
    await world.offer()
    const [a, b] = [await world.answering(1), await world.answering(2)]
    expect(await world.take('a', a.sdp)).toMatchObject({ ok: true, value: { networkSdp: null } })
    expect(await world.take('b', b.sdp, { leg: legOffer(2) })).toMatchObject({ ok: true })
    await world.clock.advance(8_000)
    expect([sasOf('a'), sasOf('b')]).toEqual([expect.any(String), expect.any(String)])
    expect(sasOf('a')).not.toBe(sasOf('b'))
    for (const [tag, side] of [
      ['a', a],
      ['b', b],
    ] as const) {
      const theirs = side.events.find((event) => event.kind === 'keys')
      expect(theirs?.keys).toMatchObject({ method: 'zrtp', sas: { text: sasOf(tag) } })
      const retained = world.told('zrtp-retain').find(({ branch }) => branch === tag)
      expect(retained?.peerZid).toEqual(new Uint8Array(12).fill(tag === 'a' ? 17 : 18))
    }
  })

  it('end but for the one that is settled on, and nothing of them is left open', async () => {
    await world.offer()
    const [a, b] = [await world.answering(1), await world.answering(2)]
    await world.take('a', a.sdp)
    await world.take('b', b.sdp, { leg: legOffer(2) })
    await world.clock.advance(1_000)
    const before = world.open.sockets.size
    expect(await world.take('b', b.sdp, { early: false })).toMatchObject({ ok: true })
    // The loser's leg; a stream of the winner needs every other socket or none.
    expect(world.open.sockets.size).toBeLessThan(before)
    world.caller.events.length = 0
    await world.clock.advance(10_000)
    expect(world.caller.events.filter(({ branch }) => branch !== 'b')).toEqual([])
    expect(await remoteOf()).toBe(b.host)
    for (const side of [world.caller, a, b]) await side.gateway.close(call)
    expect(world.open.sockets.size).toBe(0)
    expect(world.open.timers.size).toBe(0)
  })

  it('give way to a third whose answer comes late', async () => {
    await world.offer()
    const sides = [await world.answering(1), await world.answering(2), await world.answering(3)]
    await world.take('a', sides[0]?.sdp ?? '')
    await world.take('b', sides[1]?.sdp ?? '', { leg: legOffer(2) })
    await world.clock.advance(3_000)
    expect(await world.take('c', sides[2]?.sdp ?? '', { early: false, leg: legOffer(3) })).toMatchObject({ ok: true })
    await world.clock.advance(8_000)
    expect(sasOf('c')).toBe(sides[2]?.events.find((event) => event.kind === 'keys')?.keys.sas?.text)
    expect(await remoteOf()).toBe('198.51.100.3')
  })

  it('are four before the answer, and the answer may be of a fifth', async () => {
    await world.offer()
    const sides = []
    for (const n of [1, 2, 3, 4, 5]) sides.push(await world.answering(n))
    const taken = []
    for (const [n, side] of sides.entries())
      taken.push(refusalOf(await world.take(`t${n}`, side.sdp, n === 0 ? {} : { leg: legOffer(n + 1) })))
    expect(taken).toEqual([null, null, null, null, 'engine'])
    expect(await world.take('t4', sides[4]?.sdp ?? '', { early: false, leg: legOffer(9) })).toMatchObject({ ok: true })
    await world.clock.advance(8_000)
    expect(sasOf('t4')).toEqual(expect.any(String))
  })
})

describe('a branch', () => {
  it('that will not do leaves the leg of the offer to the next one', async () => {
    await world.offer()
    const side = await world.answering(1)
    expect(refusalOf(await world.take('bad', side.sdp.replaceAll(/^m=audio \d+/gm, 'm=audio 0')))).toBe(
      'no-common-codec',
    )
    expect(refusalOf(await world.take('good', side.sdp))).toBeNull()
  })

  it('needs a leg of its own, with the certificate that was offered and SSRCs that no other has', async () => {
    await world.offer()
    const [a, b] = [await world.answering(1), await world.answering(2)]
    await world.take('a', a.sdp)
    const other = legOffer(2).replaceAll(/sha-256 AB/g, 'sha-256 CD')
    for (const leg of ['', other, legOffer(1), 'no description'])
      expect(refusalOf(await world.take('b', b.sdp, leg === '' ? {} : { leg }))).toBe('engine')
    const { size } = world.open.sockets
    expect(refusalOf(await world.take('b', b.sdp, { leg: legOffer(2) }))).toBeNull()
    expect(world.open.sockets.size).toBe(size + 1)
  })

  it('cannot take the place of another by its user fragment and its addresses', async () => {
    await world.offer()
    const a = await world.answering(1)
    const forged = a.sdp
      .replaceAll(/a=ice-pwd:.*/g, `a=ice-pwd:${'x'.repeat(24)}`)
      .replaceAll(/a=zrtp-hash:.*\r\n/g, '')
    await world.take('evil', forged)
    expect(refusalOf(await world.take('a', a.sdp, { leg: legOffer(2) }))).toBeNull()
    await world.clock.advance(8_000)
    expect(sasOf('a')).toBe(a.events.find((event) => event.kind === 'keys')?.keys.sas?.text)
    expect(sasOf('evil')).toBeUndefined()
    expect(world.told('zrtp-peer').map(({ branch }) => branch)).toEqual(['a'])
  })
})

describe('branches without ICE', () => {
  const key = (fill: number): { readonly line: string; readonly sender: SrtpSender } => {
    const [master, salt] = [new Uint8Array(16).fill(fill), new Uint8Array(14).fill(fill)]
    const line = `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${Buffer.concat([master, salt]).toString('base64')}`
    return { line, sender: new SrtpSender({ profile: profiles.AES_CM_128_HMAC_SHA1_80, key: master, salt }) }
  }
  const packet = (ssrc: number): Uint8Array =>
    buildRtpPacket({ payloadType: 0, sequenceNumber: 1, timestamp: 0, ssrc }, new Uint8Array(160))
  const answerOf = (host: string, port: number, line: string): string =>
    [
      ...['v=0', `o=- 1 1 IN IP4 ${host}`, 's=-', `c=IN IP4 ${host}`, 't=0 0'],
      ...[`m=audio ${port} RTP/SAVP 0`, line, 'a=rtpmap:0 PCMU/8000', ''],
    ].join('\r\n')
  const socketAt = async (host: string, port: number): Promise<DatagramSocket> => {
    const bound = await world.network.node([host]).bind({ host, port })
    if (!bound.ok) throw new Error('no socket')
    return bound.value
  }
  const ourPort = (): number => Number(/m=audio (\d+)/.exec(world.offered)?.[1])
  const heard = (): readonly (string | undefined)[] => world.told('heard').map(({ branch }) => branch)
  let [keyA, keyB] = [key(1), key(2)]

  beforeEach(async () => {
    ;[keyA, keyB] = [key(1), key(2)]
    await world.offer({ offer: 'sdes', policy: 'any' })
  })

  it('are told apart by the addresses they name, and by their keys where they name the same', async () => {
    const phone = await socketAt('198.51.100.1', 4000)
    await world.take('a', answerOf('198.51.100.1', 4000, keyA.line))
    await world.take('b', answerOf('198.51.100.1', 4000, keyB.line), { leg: legOffer(2) })
    const to = { host: '192.0.2.1', port: ourPort() }
    phone.send(protectedBy(keyB.sender, packet(22)), to)
    await world.clock.advance(100)
    expect(heard()).toEqual(['b'])
    phone.send(protectedBy(keyA.sender, packet(11)), to)
    await world.clock.advance(100)
    expect(heard()).toEqual(['b', 'a'])
  })

  it('are heard from another port of their host, and a stranger is not', async () => {
    await world.take('a', answerOf('198.51.100.1', 4000, keyA.line))
    await world.take('b', answerOf('198.51.100.2', 4000, keyB.line), { leg: legOffer(2) })
    const [moved, stranger] = [await socketAt('198.51.100.2', 4444), await socketAt('203.0.113.9', 4000)]
    const to = { host: '192.0.2.1', port: ourPort() }
    stranger.send(protectedBy(key(3).sender, packet(33)), to)
    stranger.send(packet(33), to)
    moved.send(protectedBy(keyB.sender, packet(22)), to)
    await world.clock.advance(100)
    expect(heard()).toEqual(['b'])
  })

  it('get another key of ours where the one all of them know is to go', async () => {
    const lineOf = (sdp: string): string => /^a=crypto:\S+ \S+ inline:\S+/m.exec(sdp)?.[0] ?? 'none'
    await world.take('a', answerOf('198.51.100.1', 4000, keyA.line))
    await world.take('b', answerOf('198.51.100.2', 4000, keyB.line), { leg: legOffer(2) })
    await world.take('b', answerOf('198.51.100.2', 4000, keyB.line), { early: false })
    const wishes = { call, held: false, rendererSdp: null, video: false, restart: false }
    const [same, other] = [
      await world.caller.gateway.reoffer(wishes),
      await world.caller.gateway.reoffer({ ...wishes, newKeys: true }),
    ]
    const lines = [same, other].map((made) => (made.ok ? lineOf(made.value.networkSdp) : made.error))
    expect(lines[0]).toBe(lineOf(world.offered))
    expect(lines[1]).toMatch(/inline:/)
    expect(lines[1]).not.toBe(lines[0])
  })
})

function protectedBy(sender: SrtpSender, packet: Uint8Array): Uint8Array {
  const out = sender.protectRtp(packet)
  if (!(out instanceof Uint8Array)) throw new Error(out)
  return out
}

describe('a branch without ICE whose ZRTP comes before its answer', () => {
  const clear = (host: string): string =>
    [
      ...['v=0', `o=- 1 1 IN IP4 ${host}`, 's=-', `c=IN IP4 ${host}`, 't=0 0'],
      ...['m=audio 4000 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', ''],
    ].join('\r\n')
  const other = (host: string): string =>
    `${clear(host).replace(/\r\n$/, '')}\r\na=zrtp-hash:1.10 ${'ab'.repeat(32)}\r\n`

  it.each([
    ['no ZRTP', clear],
    ['ZRTP of its own', other],
  ])('is not taken for another of its host, one with %s, that answered first', async (_what, first) => {
    await world.offer()
    world.offered = world.offered.replaceAll(/a=(?:ice-|candidate).*\r\n/g, '')
    const b = await world.answering(1)
    expect(refusalOf(await world.take('a', first(b.host)))).toBeNull()
    await world.clock.advance(300)
    expect(refusalOf(await world.take('b', b.sdp, { early: false, leg: legOffer(2) }))).toBeNull()
    await world.clock.advance(8_000)
    expect(world.told('zrtp-peer').map(({ branch }) => branch)).toEqual(['b'])
    expect(sasOf('b')).toEqual(expect.any(String))
    expect(sasOf('b')).toBe(b.events.find((event) => event.kind === 'keys')?.keys.sas?.text)
  })
})

describe('branches with DTLS-SRTP', () => {
  it('hand each its own records to its own leg', async () => {
    await world.offer({ offer: 'dtls', choseDtls: true })
    const record = (mark: number): Uint8Array => Uint8Array.of(22, 254, 253, mark)
    const answerOf = (n: number): string =>
      [
        ...['v=0', `o=- 1 1 IN IP4 198.51.100.${n}`, 's=-', `c=IN IP4 198.51.100.${n}`, 't=0 0'],
        ...['m=audio 4000 UDP/TLS/RTP/SAVPF 111', 'a=rtpmap:111 opus/48000/2', 'a=setup:active'],
        ...[`a=fingerprint:sha-256 ${`EE:`.repeat(31)}E${n}`, ''],
      ].join('\r\n')
    const page = world.network.node(['127.0.0.1'])
    const received: [number, number | undefined][] = []
    const legs = []
    for (const n of [1, 2]) {
      const outcome = await world.take(`t${n}`, answerOf(n), n === 1 ? {} : { leg: legOffer(n) })
      if (!outcome.ok || outcome.value.rendererSdp === null) throw new Error('no answer')
      legs.push(await pageLeg(page, outcome.value.rendererSdp, n, (mark) => received.push([n, mark])))
    }
    await world.clock.advance(100)
    // Keys that come with the answer itself are of its dialog, too.
    expect(world.told('keys').map(({ branch, keys }) => [branch, keys.method])).toEqual([
      ['t1', 'dtls'],
      ['t2', 'dtls'],
    ])
    const port = Number(/m=audio (\d+)/.exec(world.offered)?.[1])
    const phones = []
    const atPhones: [number, number | undefined][] = []
    for (const n of [1, 2]) {
      const bound = await world.network.node([`198.51.100.${n}`]).bind({ host: `198.51.100.${n}`, port: 4000 })
      if (!bound.ok) throw new Error('no socket')
      bound.value.onDatagram((bytes) => atPhones.push([n, bytes[3]]))
      bound.value.send(record(n), { host: '192.0.2.1', port })
      phones.push(bound.value)
    }
    await world.clock.advance(100)
    expect(received.sort()).toEqual([
      [1, 1],
      [2, 2],
    ])
    for (const [at, one] of legs.entries()) one(record(10 + at))
    await world.clock.advance(100)
    expect(atPhones.sort()).toEqual([
      [1, 10],
      [2, 11],
    ])
  })
})

/** The renderer's end of a leg: nominates, and hears what is passed through; returns how it sends. */
async function pageLeg(
  page: { bind: (at: { host: string; port: number }) => Promise<{ ok: boolean; value?: DatagramSocket }> },
  answer: string,
  n: number,
  onRecord: (mark: number | undefined) => void,
): Promise<(bytes: Uint8Array) => void> {
  const bound = await page.bind({ host: '127.0.0.1', port: 0 })
  const socket = bound.value
  const text = (name: string): string => new RegExp(`a=${name}:(\\S+)`).exec(answer)?.[1] ?? ''
  const to = { host: '127.0.0.1', port: Number(/127\.0\.0\.1 (\d+) typ host/.exec(answer)?.[1]) }
  if (socket === undefined) throw new Error('no socket')
  socket.onDatagram((bytes) => {
    if ((bytes[0] ?? 0) >= 20) onRecord(bytes[3])
  })
  const facts = {
    username: `${text('ice-ufrag')}:leg${n}`,
    priority: 1,
    useCandidate: true,
    role: 'controlling',
    tiebreaker: new Uint8Array(8),
  } as const
  socket.send(encodeCheck(facts, new Uint8Array(12).fill(n), keyOfPassword(text('ice-pwd'))), to)
  return (bytes) => socket.send(bytes, to)
}
