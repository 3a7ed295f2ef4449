import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../bytes/bytes.ts'
import { encodeCanonical } from '../bytes/canonical-cbor.ts'
import { decodeHead, encodeHead, headSignatureInput, maxFrontierDevices, type ReplicaHead } from './head.ts'

const filled = (length: number, value: number) => new Uint8Array(length).fill(value)
const place = (device: number) => ({ device: filled(16, device), seq: device, hash: filled(32, device) })
const head: ReplicaHead = {
  ...{ version: 1, account: 'sip:alice@example.org', device: filled(16, 0xd1), seq: 300, hash: filled(32, 0x4a) },
  ...{ count: 44, epoch: 3, at: 1_790_000_000_000, frontier: [place(1), place(2)] },
}
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

describe('heads', () => {
  it('are read as they were written', () => {
    expect(decodeHead(encodeHead(head))).toEqual(head)
    const bare = { ...head, frontier: [] }
    expect(decodeHead(encodeHead(bare))).toEqual(bare)
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
    ]
    for (const change of wrong) {
      expect(() => decodeHead(encodeCanonical({ ...head, ...change })), Object.keys(change)[0]).toThrow(
        code('bad-shape'),
      )
      expect(() => encodeHead({ ...head, ...change } as ReplicaHead)).toThrow(code('bad-shape'))
    }
    expect(() => decodeHead(filled(9000, 0))).toThrow(code('too-large'))
    expect(() => decodeHead(Uint8Array.of(0xff))).toThrow(code('not-cbor'))
  })

  it('have room for every device of a chain', () => {
    const frontier = Array.from({ length: maxFrontierDevices }, (_, i) => place(i + 1))
    expect(decodeHead(encodeHead({ ...head, frontier })).frontier).toHaveLength(maxFrontierDevices)
  })

  it('are signed under a label of their own', () => {
    const label = utf8('sotto/v1/replica-head\0')
    expect(toHex(headSignatureInput(Uint8Array.of(1, 2)))).toBe(`${toHex(label)}0102`)
  })
})
