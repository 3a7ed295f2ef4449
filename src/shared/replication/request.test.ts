import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { signEd25519, publicKeyOf, verifyEd25519 } from '#main/keys/key-pairs.ts'
import { toHex, utf8 } from '../bytes/bytes.ts'
import { encodeCanonical } from '../bytes/canonical-cbor.ts'
import { ProtocolError } from '../errors.ts'
import {
  decodeAuthorization,
  decodeRequest,
  encodeAuthorization,
  encodeRequest,
  maxAuthorizationLength,
  requestSignatureInput,
  type ReplicaRequest,
} from './request.ts'

interface Vector {
  readonly name: string
  readonly fields: Record<'device' | 'body' | 'challenge' | 'channel', string> &
    Omit<ReplicaRequest, 'device' | 'body' | 'challenge' | 'channel'>
  readonly seed: string
  readonly publicKey: string
  readonly request: string
  readonly signature: string
  readonly authorization: string
}

const file = new URL('../../../test/vectors/replication/requests.json', import.meta.url)
const { valid, refused } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly valid: readonly Vector[]
  readonly refused: readonly { readonly name: string; readonly authorization: string; readonly code: string }[]
}
const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
const requestOf = ({ fields }: Vector): ReplicaRequest => ({
  ...fields,
  device: fields.device === 'paper' ? 'paper' : fromHex(fields.device),
  ...{ body: fromHex(fields.body), challenge: fromHex(fields.challenge), channel: fromHex(fields.channel) },
})
const code = (expected: string): unknown => expect.objectContaining({ code: expected })
const filled = (length: number, value: number) => new Uint8Array(length).fill(value)

describe('signed requests', () => {
  it.each(valid)('are these bytes: $name', (vector) => {
    const request = requestOf(vector)
    const [seed, key] = [fromHex(vector.seed), fromHex(vector.publicKey)]
    expect(toHex(encodeRequest(request))).toBe(vector.request)
    expect(toHex(publicKeyOf('ed25519', seed))).toBe(vector.publicKey)
    const signature = signEd25519(seed, requestSignatureInput(fromHex(vector.request)))
    expect(toHex(signature)).toBe(vector.signature)
    expect(encodeAuthorization(fromHex(vector.request), signature)).toBe(vector.authorization)
    const read = decodeAuthorization(vector.authorization)
    expect(read).toEqual({ request, bytes: fromHex(vector.request), signature })
    expect(verifyEd25519(key, requestSignatureInput(read.bytes), read.signature)).toBe(true)
  })

  it.each(refused)('are not: $name', ({ authorization, code: expected }) => {
    expect(() => decodeAuthorization(authorization)).toThrow(code(expected))
  })

  it('are signed under a label of their own', () => {
    const label = utf8('sotto/v1/replica-request\0')
    expect(toHex(requestSignatureInput(Uint8Array.of(1, 2)))).toBe(`${toHex(label)}0102`)
  })

  it('refuse fields that are none', () => {
    const request = requestOf(valid[0]!)
    const wrong: readonly Partial<Record<keyof ReplicaRequest, unknown>>[] = [
      ...[{ version: 2 }, { account: 'x'.repeat(401) }, { device: filled(15, 1) }, { device: 'Paper' }],
      ...[{ method: 'get' }, { method: '' }, { method: 'A'.repeat(17) }],
      ...[
        { target: 'heads' },
        { target: '/a b' },
        { target: '/a\n' },
        { target: '/ä' },
        { target: `/${'a'.repeat(1024)}` },
      ],
      ...[{ body: filled(31, 1) }, { host: 'Example.org' }, { host: '' }, { host: 'a/b' }, { host: 'example.org\n' }],
      ...[{ challenge: filled(55, 1) }, { channel: filled(31, 1) }, { channel: null }],
      ...[{ at: -1 }, { at: 1.5 }, { at: '1' }],
    ]
    for (const change of wrong) {
      const name = JSON.stringify(change)
      expect(() => encodeRequest({ ...request, ...change } as ReplicaRequest), name).toThrow(code('bad-shape'))
      expect(() => decodeRequest(encodeCanonical({ ...request, ...change })), name).toThrow(code('bad-shape'))
    }
    for (const field of Object.keys(request)) {
      const { [field as keyof ReplicaRequest]: _, ...rest } = request
      expect(() => decodeRequest(encodeCanonical(rest)), field).toThrow(code('bad-shape'))
    }
  })

  it('have a largest size, and the largest fits', () => {
    const request = requestOf(valid[0]!)
    const large = encodeRequest({
      ...request,
      account: 'ü'.repeat(400),
      target: `/${'a'.repeat(1023)}`,
      host: 'h'.repeat(253),
    })
    const value = encodeAuthorization(large, filled(64, 1))
    expect(decodeAuthorization(value).request.host).toHaveLength(253)
    expect(() => decodeAuthorization('S'.repeat(maxAuthorizationLength + 1))).toThrow(code('too-large'))
    expect(() => decodeRequest(filled(4097, 0))).toThrow(code('too-large'))
    expect(() => encodeAuthorization(filled(4097, 0), filled(64, 1))).toThrow(code('too-large'))
    expect(() => encodeAuthorization(large, filled(63, 1))).toThrow(code('bad-shape'))
  })

  it('throw nothing but errors of their own, whatever comes', () => {
    const attempt = (run: () => unknown): void => {
      try {
        run()
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError)
      }
    }
    const { authorization, request } = valid[0]!
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        attempt(() => decodeAuthorization(text))
        attempt(() => decodeAuthorization(`Sotto ${text}`))
      }),
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => attempt(() => decodeRequest(bytes))))
    for (let end = 0; end < authorization.length; end++) attempt(() => decodeAuthorization(authorization.slice(0, end)))
    attempt(() => decodeRequest(filled(4096, 0x81)))
    fc.assert(
      fc.property(fc.nat(request.length / 2 - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = fromHex(request)
        changed[at]! ^= flip
        attempt(() => expect(toHex(encodeRequest(decodeRequest(changed)))).toBe(toHex(changed)))
      }),
    )
  })
})
