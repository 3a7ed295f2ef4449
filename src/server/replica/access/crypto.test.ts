import { describe, expect, it } from 'vitest'
import { nodeVerifier } from '#main/keys/verifier.ts'
import { publicKeyOf, signEd25519 } from '#main/keys/key-pairs.ts'
import { toHex, utf8 } from '#shared/bytes/bytes.ts'
import { nodeCrypto } from './crypto.ts'

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
// RFC 8032 §7.1, test 2.
const key = fromHex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')
const message = fromHex('72')
const signature = fromHex(
  '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
)

describe.each([
  ['the replica', nodeCrypto],
  ['a device', nodeVerifier],
])('signatures as %s checks them', (_, crypto) => {
  it('hold as RFC 8032 says', () => {
    expect(crypto.verify(key, message, signature)).toBe(true)
    const seed = new Uint8Array(32).fill(9)
    expect(crypto.verify(publicKeyOf('ed25519', seed), message, signEd25519(seed, message))).toBe(true)
  })

  it('do not hold for anything else, and nothing throws', () => {
    const changed = Uint8Array.from(signature, (byte, i) => (i === 40 ? byte ^ 1 : byte))
    // S + L: the same signature in another form (RFC 8032 §5.1.7 refuses it).
    const order = 2n ** 252n + 27742317777372353535851937790883648493n
    const s = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + order
    const other = Uint8Array.from([...signature.slice(0, 32), ...fromHex(s.toString(16).padStart(64, '0')).reverse()])
    for (const [k, m, s] of [
      ...[[key, message, changed] as const, [key, message, other] as const, [key, utf8('s'), signature] as const],
      ...[
        [new Uint8Array(32).fill(0xff), message, signature] as const,
        [new Uint8Array(31), message, signature] as const,
      ],
      ...[[key, message, new Uint8Array(63)] as const, [new Uint8Array(), new Uint8Array(), new Uint8Array()] as const],
    ])
      expect(crypto.verify(k, m, s)).toBe(false)
  })

  it('are over hashes as FIPS 180-4 has them', () => {
    expect(toHex(crypto.hash(utf8('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })
})

it('makes HMACs as RFC 4231 §4.3 has them', () => {
  expect(toHex(nodeCrypto.mac(utf8('Jefe'), utf8('what do ya want for nothing?')))).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  )
})
