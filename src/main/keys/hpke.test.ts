import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { toHex, utf8 } from '#shared/bytes/bytes.ts'
import vector from '../../../test/vectors/hpke/rfc9180-a1-base.json' with { type: 'json' }
import { hpkeOpen, hpkeSeal } from './hpke.ts'
import { publicKeyOf } from './key-pairs.ts'

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))

it('seals and opens as RFC 9180 A.1.1 does', () => {
  const message = { info: bytes(vector.info), aad: bytes(vector.aad), aead: 'aes-128-gcm' } as const
  const sealed = hpkeSeal(bytes(vector.pkRm), bytes(vector.pt), { ...message, ephemeralSeed: bytes(vector.skEm) })
  expect(toHex(sealed)).toBe(vector.enc + vector.ct)
  expect(toHex(hpkeOpen(bytes(vector.skRm), sealed, message) ?? new Uint8Array())).toBe(vector.pt)
})

it('opens with 256 bits, for this recipient and purpose alone, and nothing that was changed', () => {
  const seed = new Uint8Array(randomBytes(32))
  const message = { info: utf8('purpose'), aad: utf8('more') }
  const ephemeralSeed = new Uint8Array(randomBytes(32))
  const sealed = hpkeSeal(publicKeyOf('x25519', seed), utf8('content'), { ...message, ephemeralSeed })
  expect(hpkeOpen(seed, sealed, message)).toEqual(utf8('content'))
  expect(hpkeOpen(new Uint8Array(randomBytes(32)), sealed, message)).toBeNull()
  expect(hpkeOpen(seed, sealed, { ...message, info: utf8('another') })).toBeNull()
  expect(hpkeOpen(seed, sealed, { ...message, aad: utf8('another') })).toBeNull()
  for (const at of sealed.keys()) expect(hpkeOpen(seed, sealed.with(at, (sealed[at] ?? 0) ^ 1), message)).toBeNull()
  for (let length = 0; length < sealed.length; length += 1)
    expect(hpkeOpen(seed, sealed.subarray(0, length), message)).toBeNull()
  // A public key of small order.
  expect(hpkeOpen(seed, Uint8Array.from([...new Uint8Array(32), ...sealed.subarray(32)]), message)).toBeNull()
})
