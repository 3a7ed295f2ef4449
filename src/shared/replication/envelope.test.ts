import { describe, expect, it } from 'vitest'
import { toHex } from '../bytes/bytes.ts'
import { decodeHeader, encodeEnvelopeStart, finishHeader, headerBytes, sealedHeaderBytes } from './envelope.ts'

const filled = (length: number, value: number) => new Uint8Array(length).fill(value)
const start = {
  device: filled(16, 0xd1),
  seq: 0x0102_0304_0506,
  epoch: 7,
  salt: filled(32, 0x5a),
  previous: filled(32, 0x9e),
}
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

describe('headers of envelopes', () => {
  it('have the layout that is drawn', () => {
    const header = finishHeader(encodeEnvelopeStart(start), filled(32, 0xb0))
    expect(header).toHaveLength(headerBytes)
    const rows = [
      '01',
      'd1'.repeat(16),
      '0000010203040506',
      '00000007',
      '5a'.repeat(32),
      '9e'.repeat(32),
      'b0'.repeat(32),
    ]
    expect(toHex(header)).toBe(rows.join(''))
    expect(encodeEnvelopeStart(start)).toHaveLength(sealedHeaderBytes)
  })

  it('are read as they were written, also out of the middle of something', () => {
    const header = finishHeader(encodeEnvelopeStart(start), filled(32, 0xb0))
    const inside = new Uint8Array(headerBytes + 20)
    inside.set(header, 9)
    expect(decodeHeader(inside.subarray(9, 9 + headerBytes))).toEqual({ ...start, bodyHash: filled(32, 0xb0) })
  })

  it('refuse what is no header', () => {
    const header = finishHeader(encodeEnvelopeStart(start), filled(32, 0xb0))
    const changed = (at: number, value: number, to = at + 1) => Uint8Array.from(header).fill(value, at, to)
    expect(() => decodeHeader(header.subarray(1))).toThrow(code('bad-length'))
    expect(() => decodeHeader(changed(0, 2))).toThrow(code('bad-version'))
    expect(() => decodeHeader(changed(17, 0, 25))).toThrow(code('bad-number'))
    expect(() => decodeHeader(changed(17, 0xff))).toThrow(code('bad-number'))
    expect(() => decodeHeader(changed(25, 0, 29))).toThrow(code('bad-number'))
  })

  it('are not written with what could not be read again', () => {
    for (const wrong of [{ seq: 0 }, { seq: 2 ** 53 }, { seq: 1.5 }, { epoch: 0 }, { epoch: 2 ** 32 }])
      expect(() => encodeEnvelopeStart({ ...start, ...wrong })).toThrow(code('bad-number'))
    for (const wrong of [{ device: filled(15, 0) }, { salt: filled(33, 0) }, { previous: filled(0, 0) }])
      expect(() => encodeEnvelopeStart({ ...start, ...wrong })).toThrow(code('bad-length'))
    expect(() => finishHeader(filled(92, 0), filled(32, 0))).toThrow(code('bad-length'))
  })
})
