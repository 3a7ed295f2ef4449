import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { buildBye, buildCname, buildFir, buildPli, buildReceiverReport, buildRemb } from './rtcp-build.ts'
import { readFeedback } from './rtcp-feedback.ts'
import { readBye, readCnames, readReport, roundTripSeconds, rtcpPackets, type ReceptionReport } from './rtcp.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const block: ReceptionReport = {
  ssrc: 0xcafebabe,
  fractionLost: 64 / 256,
  cumulativeLost: -3,
  highestSequenceNumber: 0x0002_fffe,
  jitter: 1234,
  lastSenderReport: 0xb705_2000,
  delaySinceLastSenderReport: 0x0005_4000,
}

/** The one packet of a compound. */
function only(bytes: Uint8Array) {
  const [packet, ...more] = rtcpPackets(bytes) ?? []
  if (packet === undefined || more.length > 0) throw new Error('not one packet')
  return packet
}

describe('a compound', () => {
  const parts = [buildReceiverReport(1, [block]), buildCname(1, 'alice@host'), buildPli(1, 2)] as const
  const compound = Buffer.concat(parts)

  it('is walked packet by packet', () => {
    expect(rtcpPackets(compound)?.map(({ type }) => type)).toEqual([201, 202, 206])
  })

  it('is null when it is cut anywhere but between packets', () => {
    const ends = new Set([parts[0].length, parts[0].length + parts[1].length])
    for (let end = 0; end < compound.length; end += 1)
      expect(rtcpPackets(compound.subarray(0, end)) !== null).toBe(ends.has(end))
  })

  it('may be padded in its last packet only', () => {
    const padded = hex('a0ca 0001 00000004')
    expect(only(padded).body).toHaveLength(0)
    expect(rtcpPackets(Buffer.concat([padded, padded]))).toBeNull()
    for (const count of ['00', '03', '05', '08', 'ff']) expect(rtcpPackets(hex(`a0ca 0001 000000${count}`))).toBeNull()
  })

  it.each(['', '40c90000', '80c9', '80c90001', '80c90001 0000'])('refuses %s', (text) => {
    expect(rtcpPackets(hex(text))).toBeNull()
  })

  it('has a bound', () => {
    expect(rtcpPackets(Buffer.concat(Array.from({ length: 64 }, () => hex('80cb0000'))))).toHaveLength(64)
    expect(rtcpPackets(Buffer.concat(Array.from({ length: 65 }, () => hex('80cb0000'))))).toBeNull()
  })
})

describe('reports', () => {
  it('reads a sender report as RFC 3550 §6.4.1 draws it', () => {
    const report = hex(
      `81c8 000c 01020304 b705 2000 4000 0000 00000bb8 00000064 00003e80
       cafebabe 40 fffffd 0002fffe 000004d2 b7052000 00054000`.replaceAll('\n', ''),
    )
    expect(readReport(only(report))).toEqual({
      ssrc: 0x01020304,
      sender: { ntpSeconds: 0xb705_2000, ntpFraction: 0x4000_0000, rtpTimestamp: 3000, packets: 100, octets: 16_000 },
      blocks: [block],
    })
  })

  it('writes and reads receiver reports', () => {
    const blocks = [block, { ...block, ssrc: 7, fractionLost: 255 / 256, cumulativeLost: 0x7fffff }]
    expect(readReport(only(buildReceiverReport(9, blocks)))).toEqual({ ssrc: 9, sender: null, blocks })
    expect(readReport(only(buildReceiverReport(9, [])))?.blocks).toEqual([])
    const many = Array.from({ length: 40 }, (_, ssrc) => ({ ...block, ssrc }))
    expect(readReport(only(buildReceiverReport(9, many)))?.blocks).toHaveLength(31)
    expect(
      readReport(only(buildReceiverReport(9, [{ ...block, fractionLost: 1, cumulativeLost: -1e9 }]))),
    ).toMatchObject({ blocks: [{ fractionLost: 255 / 256, cumulativeLost: -0x800000 }] })
  })

  it('refuses one that is too short for its blocks', () => {
    expect(readReport(only(hex('81c9 0001 00000001')))).toBeNull()
    expect(readReport(only(hex('80c8 0001 00000001')))).toBeNull()
    expect(readReport(only(hex('80cb 0000')))).toBeNull()
  })

  it('tells the round trip as RFC 3550 figure 2', () => {
    expect(roundTripSeconds(block, 0xb710_8000)).toBe(6.125)
    expect(roundTripSeconds({ ...block, lastSenderReport: 0 }, 0xb710_8000)).toBeNull()
    expect(roundTripSeconds({ ...block, lastSenderReport: 0xffff_ffff, delaySinceLastSenderReport: 1 }, 0x8000)).toBe(
      0.5,
    )
    expect(roundTripSeconds(block, 0xb705_2000)).toBe(0)
  })
})

describe('SDES and BYE', () => {
  it.each(['', 'a', 'ab', 'abc', 'abcd', 'é'.repeat(127)])('carries the CNAME %s', (name) => {
    const packet = only(buildCname(5, name))
    expect(readCnames(packet)).toEqual(new Map([[5, name]]))
  })

  it('reads several chunks and skips other items', () => {
    const packet = only(hex('82ca 0006 00000001 0202 4142 0101 6100 00000002 0101 6200 00000000'))
    expect(readCnames(packet)).toEqual(
      new Map([
        [1, 'a'],
        [2, 'b'],
      ]),
    )
    expect(readCnames(only(hex('81ca 0002 00000001 01ff6161')))).toBeNull()
    expect(readCnames(only(hex('82ca 0002 00000001 00000000')))).toBeNull()
  })

  it('says good-bye, with or without a reason', () => {
    expect(readBye(only(buildBye([1, 2], 'gone')))).toEqual({ ssrcs: [1, 2], reason: 'gone' })
    expect(readBye(only(buildBye([1])))).toEqual({ ssrcs: [1], reason: '' })
    expect(readBye(only(hex('82cb 0001 00000001')))).toBeNull()
    expect(readBye(only(hex('81cb 0002 00000001 ff616161')))).toEqual({ ssrcs: [1], reason: '' })
  })
})

describe('feedback', () => {
  it('reads what was lost (RFC 4585 §6.2.1)', () => {
    const packet = only(hex('81cd 0004 00000001 00000002 000a 8001 fffe 0003'))
    expect(readFeedback(packet)).toEqual({
      kind: 'nack',
      sender: 1,
      media: 2,
      lost: [10, 11, 26, 0xfffe, 0xffff, 0],
    })
    expect(readFeedback(only(hex('81cd 0002 00000001 00000002')))).toBeNull()
  })

  it('writes and reads PLI, FIR and REMB', () => {
    expect(readFeedback(only(buildPli(1, 2)))).toEqual({ kind: 'pli', sender: 1, media: 2 })
    const requests = [
      { ssrc: 0xfedcba98, sequenceNumber: 255 },
      { ssrc: 4, sequenceNumber: 0 },
    ]
    expect(readFeedback(only(buildFir(1, requests)))).toEqual({ kind: 'fir', sender: 1, media: 0, requests })
    for (const bitsPerSecond of [0, 1, 262_143, 262_144, 1_000_000, 2 ** 40]) {
      const read = readFeedback(only(buildRemb(1, bitsPerSecond, [7, 8])))
      expect(read).toEqual({ kind: 'remb', sender: 1, media: 0, bitsPerSecond, ssrcs: [7, 8] })
    }
    expect(readFeedback(only(buildRemb(1, 1_234_567, [])))).toMatchObject({ bitsPerSecond: 1_234_560 })
  })

  it('reads the head of transport-wide feedback and names what it does not know', () => {
    expect(readFeedback(only(hex('8fcd 0004 00000001 00000002 1234 0005 000102 09')))).toEqual({
      kind: 'twcc',
      sender: 1,
      media: 2,
      baseSequenceNumber: 0x1234,
      packetCount: 5,
      count: 9,
    })
    expect(readFeedback(only(hex('83cd 0002 00000001 00000002')))?.kind).toBe('other')
    expect(readFeedback(only(hex('8fce 0003 00000001 00000002 41424344')))?.kind).toBe('other')
    expect(readFeedback(only(hex('8fce 0004 00000001 00000000 52454d42 02000001')))).toBeNull()
    expect(readFeedback(only(hex('84ce 0002 00000001 00000000')))).toBeNull()
    expect(readFeedback(only(hex('80cb 0000')))).toBeNull()
  })
})

it('throws on nothing', () => {
  const random = new SeededRandom('rtcp')
  let whole = 0
  for (let round = 0; round < 5000; round += 1) {
    const bytes = Buffer.from(random.bytes(4 * (1 + random.below(12))))
    bytes.writeUInt32BE(
      ((2 << 30) + (random.below(64) << 24) + ((200 + random.below(8)) << 16) + bytes.length / 4 - 1) >>> 0,
    )
    for (const packet of rtcpPackets(bytes) ?? []) {
      whole += [readReport, readCnames, readBye, readFeedback].filter((read) => read(packet) !== null).length
    }
  }
  expect(whole).toBeGreaterThan(500)
})
