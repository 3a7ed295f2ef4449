import { describe, expect, it } from 'vitest'
import { rtpHeaderBytes, sequenceNumberOf, ssrcOf } from './header.ts'
import { buildRtpPacket, hasMarker, payloadOf, payloadTypeOf, rewritePayloadType, timestampOf } from './packet.ts'

const fields = { payloadType: 111, sequenceNumber: 0x1fffe, timestamp: 2 ** 32 + 5, ssrc: 0xfedcba98 }

describe('an RTP packet', () => {
  it('is built and read', () => {
    const packet = buildRtpPacket({ ...fields, marker: true }, Buffer.from('voice'))
    expect(Buffer.from(packet).toString('hex')).toBe('80effffe00000005fedcba98766f696365')
    expect([payloadTypeOf(packet), hasMarker(packet), sequenceNumberOf(packet)]).toEqual([111, true, 0xfffe])
    expect([timestampOf(packet), ssrcOf(packet), rtpHeaderBytes(packet)]).toEqual([5, 0xfedcba98, 12])
    expect(Buffer.from(payloadOf(packet) ?? []).toString()).toBe('voice')
    expect(hasMarker(buildRtpPacket(fields, Buffer.alloc(0)))).toBe(false)
  })

  it.each([true, false])('gets another payload type, marker %s kept', (marker) => {
    const packet = buildRtpPacket({ ...fields, marker }, Buffer.alloc(3))
    const before = Buffer.from(packet)
    rewritePayloadType(packet, 0x81)
    expect([payloadTypeOf(packet), hasMarker(packet)]).toEqual([1, marker])
    rewritePayloadType(packet, 111)
    expect(Buffer.from(packet)).toEqual(before)
  })

  it('knows its padding', () => {
    const padded = (bytes: readonly number[]): Uint8Array => {
      const packet = buildRtpPacket(fields, Uint8Array.from(bytes))
      packet[0] = 0xa0
      return packet
    }
    expect([...(payloadOf(padded([1, 2, 0, 2])) ?? [])]).toEqual([1, 2])
    expect(payloadOf(padded([0, 0, 3]))).toHaveLength(0)
    for (const bytes of [[], [0], [1, 0], [4, 4, 4]]) expect(payloadOf(padded(bytes))).toBeNull()
    expect(payloadOf(new Uint8Array(11))).toBeNull()
  })

  it('has a header of any lawful length, and none that ends after it', () => {
    const whole = Buffer.concat([
      Buffer.from('92000001000000020000000311111111222222' + '22bede0001aabbccdd', 'hex'),
      Buffer.from('x'),
    ])
    expect(rtpHeaderBytes(whole)).toBe(28)
    for (let end = 0; end < 28; end += 1) expect(rtpHeaderBytes(whole.subarray(0, end))).toBe(0)
    expect(payloadOf(whole)).toHaveLength(1)
  })
})
