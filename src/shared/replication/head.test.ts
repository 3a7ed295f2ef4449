import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../bytes/bytes.ts'
import { encodeCanonical } from '../bytes/canonical-cbor.ts'
import {
  decodeHead,
  encodeHead,
  headSignatureInput,
  maxErased,
  maxFrontierDevices,
  maxHeadBytes,
  type ReplicaHead,
} from './head.ts'

const filled = (length: number, value: number) => new Uint8Array(length).fill(value)
const place = (device: number) => ({
  device: filled(16, device),
  seq: device,
  hash: filled(32, device),
  at: 1000 + device,
})
const head: ReplicaHead = {
  ...{ version: 1, account: 'sip:alice@example.org', device: filled(16, 0xd1), seq: 300, hash: filled(32, 0x4a) },
  ...{ count: 44, epoch: 3, at: 1_790_000_000_000, frontier: [place(1), place(2)] },
}
const tombstones = Array.from({ length: maxErased }, (_, i) => ({
  ...{ device: filled(16, i), seq: 2 ** 50 + i, bodyHash: filled(32, i) },
}))
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

describe('heads', () => {
  it('are read as they were written', () => {
    expect(decodeHead(encodeHead(head))).toEqual(head)
    for (const change of [{ frontier: [] }, { before: 1_789_999_999_999 }, { erased: tombstones }]) {
      const changed = { ...head, ...change }
      expect(decodeHead(encodeHead(changed))).toEqual(changed)
    }
  })

  it('have one form: the same bytes whatever order their fields were in', () => {
    const turned = Object.fromEntries(Object.entries(head).toReversed()) as unknown as ReplicaHead
    expect(toHex(encodeHead(turned))).toBe(toHex(encodeHead(head)))
    const spaced = Uint8Array.from([...encodeHead(head), 0])
    expect(() => decodeHead(spaced)).toThrow(code('not-cbor'))
    // The count 44 as two bytes more than it needs.
    const bytes = encodeHead(head)
    const at = bytes.findIndex((byte, i) => byte === 0x18 && bytes[i + 1] === 44)
    const longer = Uint8Array.from([...bytes.subarray(0, at), 0x19, 0, 44, ...bytes.subarray(at + 2)])
    expect(() => decodeHead(longer)).toThrow(code('not-cbor'))
  })

  it('refuse what is no head', () => {
    const wrong = [
      ...[{ version: 2 }, { seq: 0 }, { seq: -1 }, { count: 0 }, { count: 257 }, { epoch: 0 }, { at: -1 }],
      ...[{ device: filled(15, 1) }, { hash: filled(33, 1) }, { account: 'x'.repeat(401) }, { frontier: null }],
      ...[{ frontier: [place(2), place(1)] }, { frontier: [place(1), place(1)] }],
      { frontier: Array.from({ length: maxFrontierDevices + 1 }, (_, i) => place(i + 1)) },
      ...[{ before: -1 }, { erased: [] }, { erased: tombstones.concat(tombstones.slice(0, 1)) }],
      { erased: [{ device: filled(16, 1), seq: 1, bodyHash: filled(31, 1) }] },
    ]
    for (const change of wrong) {
      expect(() => decodeHead(encodeCanonical({ ...head, ...change })), Object.keys(change)[0]).toThrow(
        code('bad-shape'),
      )
      expect(() => encodeHead({ ...head, ...change } as ReplicaHead)).toThrow(code('bad-shape'))
    }
    expect(() => decodeHead(filled(maxHeadBytes + 1, 0))).toThrow(code('too-large'))
    expect(() => decodeHead(Uint8Array.of(0xff))).toThrow(code('not-cbor'))
  })

  it('have room for every device of a chain', () => {
    const last = { seq: Number.MAX_SAFE_INTEGER, at: Number.MAX_SAFE_INTEGER }
    const frontier = Array.from({ length: maxFrontierDevices }, (_, i) => ({ ...place(i + 1), ...last }))
    const full = { ...head, frontier, erased: tombstones, before: head.at, account: 'x'.repeat(400) }
    expect(decodeHead(encodeHead(full))).toEqual(full)
  })

  it('are signed under a label of their own', () => {
    const label = utf8('sotto/v1/replica-head\0')
    expect(toHex(headSignatureInput(Uint8Array.of(1, 2)))).toBe(`${toHex(label)}0102`)
  })
})
