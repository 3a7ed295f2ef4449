import { describe, expect, it, vi } from 'vitest'
import { profiles } from '#protocol/srtp/profiles.ts'
import { SrtpReceiver } from '#protocol/srtp/receiver.ts'
import { SrtpSender } from '#protocol/srtp/sender.ts'
import { PacketGuard } from './packet-guard.ts'

const key = (byte: number) => ({
  profile: profiles.AES_CM_128_HMAC_SHA1_80,
  key: new Uint8Array(16).fill(byte),
  salt: new Uint8Array(14).fill(byte),
})

function rtp(sequenceNumber: number, payload = 'captured', ssrc = 0x11223344): Uint8Array {
  const packet = Buffer.alloc(12 + payload.length)
  packet.set([0x80, 96])
  packet.writeUInt16BE(sequenceNumber, 2)
  packet.writeUInt32BE(ssrc, 8)
  packet.write(payload, 12)
  return new Uint8Array(packet)
}

/** A packet for itself: the guard may work in place. */
function copy(packet: Uint8Array | null): Uint8Array | null {
  return packet === null ? null : new Uint8Array(packet)
}

const rtcp = (): Uint8Array => Uint8Array.from([0x80, 201, 0, 1, 0x11, 0x22, 0x33, 0x44])

function secured(repeats = false): { readonly ours: PacketGuard; readonly theirs: PacketGuard } {
  const [ours, theirs] = [new PacketGuard(repeats), new PacketGuard(repeats)]
  ours.protectWith(key(1))
  ours.acceptOnly(key(2))
  theirs.protectWith(key(2))
  theirs.acceptOnly(key(1))
  return { ours, theirs }
}

describe('before keys', () => {
  it('packets pass as they are, and prove nothing', () => {
    const guard = new PacketGuard(false)
    expect(guard.outRtp(rtp(1))).toEqual(rtp(1))
    expect(guard.outRtcp(rtcp())).toEqual(rtcp())
    expect(guard.inRtp(rtp(1))).toEqual(rtp(1))
    expect(guard.inRtcp(rtcp())).toEqual(rtcp())
    expect(guard).toMatchObject({ authenticates: false, refused: 0 })
  })
})

describe('after keys', () => {
  it('what leaves is protected, and opens at the other end alone', () => {
    const { ours, theirs } = secured()
    const out = copy(ours.outRtp(rtp(1))) ?? new Uint8Array()
    expect(Buffer.from(out).includes('captured')).toBe(false)
    expect(copy(theirs.inRtp(out))).toEqual(rtp(1))
    const report = copy(ours.outRtcp(rtcp())) ?? new Uint8Array()
    expect(report).not.toEqual(rtcp())
    expect(copy(theirs.inRtcp(report))).toEqual(rtcp())
  })

  it('what comes in clear, altered, again, or from ourselves is dropped and counted', () => {
    const { ours, theirs } = secured()
    const good = copy(theirs.outRtp(rtp(5))) ?? new Uint8Array()
    const altered = good.map((byte, at) => (at === 13 ? byte ^ 1 : byte))
    const mirrored = copy(ours.outRtp(rtp(6))) ?? new Uint8Array()
    expect([rtp(5), altered, mirrored, new Uint8Array()].map((packet) => ours.inRtp(packet.slice()))).toEqual([
      ...[null, null, null, null],
    ])
    expect(copy(ours.inRtp(good.slice()))).toEqual(rtp(5))
    expect(ours.inRtp(good.slice())).toBeNull()
    expect(ours.inRtcp(rtcp())).toBeNull()
    expect(ours).toMatchObject({ authenticates: true, refused: 6 })
  })

  it('the directions are keyed each for itself', () => {
    const guard = new PacketGuard(false)
    guard.protectWith(key(1))
    expect(guard.inRtp(rtp(1))).toEqual(rtp(1))
    expect(guard.outRtp(rtp(1))).not.toEqual(rtp(1))
  })
})

describe('a key that comes to its end', () => {
  it('is told of once, and what comes after it is dropped and counted', () => {
    const theirs = new PacketGuard(false)
    theirs.protectWith(key(2))
    const said: string[] = []
    const ours = new PacketGuard(false)
    ours.watchKeys((use) => said.push(use))
    ours.acceptOnly({ ...key(2), lifetime: 2 ** 14 })
    const next = (from: number, to: number): (Uint8Array | null)[] =>
      Array.from({ length: to - from }, (_, at) => ours.inRtp(copy(theirs.outRtp(rtp(from + at))) ?? new Uint8Array()))
    next(0, 14_335)
    expect(said).toEqual([])
    next(14_335, 16_384)
    expect([said, ours.refused]).toEqual([['nears-end'], 0])
    expect(next(16_384, 16_386)).toEqual([null, null])
    expect([said, ours.refused]).toEqual([['nears-end', 'used-up'], 2])
    theirs.protectWith(key(3))
    ours.acceptOnly(key(3))
    expect(next(16_386, 16_387).map(copy)).toEqual([rtp(16_386)])
  })
})

describe('a packet sent again under its number', () => {
  it('is the very same bytes, whatever is in it now', () => {
    const { ours } = secured(true)
    const first = copy(ours.outRtp(rtp(7)))
    ours.outRtp(rtp(8))
    expect(copy(ours.outRtp(rtp(7)))).toEqual(first)
    expect(copy(ours.outRtp(rtp(7, 'OTHERDAT')))).toEqual(first)
  })

  it('is nothing where the engine does not repeat, or it is too long ago', () => {
    const { ours: audio } = secured(false)
    audio.outRtp(rtp(7))
    expect(audio.outRtp(rtp(7))).toBeNull()
    const { ours: video } = secured(true)
    for (let at = 0; at <= 512; at += 1) video.outRtp(rtp(at))
    expect(video.outRtp(rtp(0))).toBeNull()
    expect(video.outRtp(rtp(1))).not.toBeNull()
  })

  it('of other keys is not sent: the cache goes with them', () => {
    const { ours } = secured(true)
    const first = copy(ours.outRtp(rtp(7)))
    ours.protectWith(key(3))
    expect(copy(ours.outRtp(rtp(7)))).not.toEqual(first)
  })
})

describe('two guards of one key', () => {
  it('never use its keystream twice, not even under one SSRC and number', () => {
    const sender = new SrtpSender(key(1))
    const [one, other] = [new PacketGuard(false), new PacketGuard(false)]
    for (const guard of [one, other]) guard.protectBy(sender)
    const theirs = new PacketGuard(false)
    theirs.acceptOnly(key(1))
    expect(copy(theirs.inRtp(copy(one.outRtp(rtp(1))) ?? new Uint8Array()))).toEqual(rtp(1))
    expect(other.outRtp(rtp(1))).toBeNull()
    expect(copy(theirs.inRtp(copy(other.outRtp(rtp(2))) ?? new Uint8Array()))).toEqual(rtp(2))
    one.protectBy(sender)
    expect(one.outRtp(rtp(2))).toBeNull()
  })
})

describe('a guard that is closed', () => {
  it('lets nothing pass, neither in clear nor under keys that come late', () => {
    const [fresh, guard] = [new PacketGuard(false), new PacketGuard(false)]
    guard.protectWith(key(1))
    guard.acceptOnly(key(2))
    for (const closed of [fresh, guard]) {
      closed.close()
      closed.protectWith(key(3))
      closed.acceptOnly(key(3))
      expect([closed.outRtp(rtp(1)), closed.inRtp(rtp(1))]).toEqual([null, null])
      expect([closed.outRtcp(rtp(1)), closed.inRtcp(rtp(1))]).toEqual([null, null])
    }
  })

  it('leaves a sender alone that others have, too', () => {
    const [one, other] = [new PacketGuard(false), new PacketGuard(false)]
    const sender = new SrtpSender(key(1))
    one.protectBy(sender)
    other.protectBy(sender)
    one.close()
    expect(other.outRtp(rtp(2))).not.toBeNull()
  })

  it('closes keys that others take the place of', () => {
    const close = vi.spyOn(SrtpSender.prototype, 'close')
    const closeReceiver = vi.spyOn(SrtpReceiver.prototype, 'close')
    const guard = new PacketGuard(false)
    guard.protectWith(key(1))
    guard.acceptOnly(key(1))
    expect([close, closeReceiver].map(({ mock }) => mock.calls.length)).toEqual([0, 0])
    guard.protectWith(key(2))
    guard.acceptOnly(key(2))
    expect([close, closeReceiver].map(({ mock }) => mock.calls.length)).toEqual([1, 1])
    vi.restoreAllMocks()
  })
})
