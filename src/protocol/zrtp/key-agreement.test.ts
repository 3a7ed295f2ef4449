import { getDiffieHellman } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { publicValueBytes, type DhName } from './algorithms.ts'
import { primes } from './finite-field-groups.ts'
import { bigIntArithmetic, isInRange, keyObjectArithmetic, type FieldName } from './finite-field.ts'
import { nodeKeyAgreement } from './key-agreement.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const names: readonly DhName[] = ['DH2k', 'X255', 'EC25', 'DH3k', 'EC38']

describe.each(names)('%s', (name) => {
  const pair = (seed: string) => nodeKeyAgreement.newPair(name, new SeededRandom(`${name} ${seed}`), 32)

  it('gives both ends the same, as long as the field, and the same for the same randomness', () => {
    const [a, b] = [pair('a'), pair('b')]
    const result = a.agree(b.publicValue)
    expect(result).toEqual(b.agree(a.publicValue))
    expect(a.publicValue).toHaveLength(publicValueBytes[name])
    expect(result).toHaveLength({ DH2k: 256, X255: 32, EC25: 32, DH3k: 384, EC38: 48 }[name])
    expect(pair('a').publicValue).toEqual(a.publicValue)
    expect(pair('c').publicValue).not.toEqual(a.publicValue)
  })

  it('refuses what is no public value, and throws nothing', () => {
    const own = pair('a')
    const length = publicValueBytes[name]
    expect(own.agree(new Uint8Array(length))).toBeNull()
    expect(own.agree(new Uint8Array(0))).toBeNull()
    expect(own.agree(pair('b').publicValue.subarray(1))).toBeNull()
    expect(own.agree(new Uint8Array(length + 1).fill(1))).toBeNull()
    if (name !== 'X255') expect(own.agree(new Uint8Array(length).fill(0xff))).toBeNull()
  })
})

describe('X25519', () => {
  it('is that of RFC 7748 §6.1', () => {
    const from = (secret: string) => nodeKeyAgreement.newPair('X255', { bytes: () => hex(secret) }, 32)
    const alice = from('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a')
    const bob = from('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb')
    expect(alice.publicValue).toEqual(hex('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a'))
    expect(bob.publicValue).toEqual(hex('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f'))
    const shared = hex('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742')
    expect([alice.agree(bob.publicValue), bob.agree(alice.publicValue)]).toEqual([shared, shared])
  })

  it.each([
    '0100000000000000000000000000000000000000000000000000000000000000',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ])('refuses the point of small order %s', (point) => {
    expect(nodeKeyAgreement.newPair('X255', new SeededRandom(1), 32).agree(hex(point))).toBeNull()
  })
})

describe('the groups of RFC 3526', () => {
  it.each([
    ['DH2k', 'modp14'],
    ['DH3k', 'modp15'],
  ] as const)('%s is that of node:crypto', (name, group) => {
    expect(Buffer.from(primes[name]).equals(getDiffieHellman(group).getPrime())).toBe(true)
  })

  it.each(['DH2k', 'DH3k'] as const)('%s: key objects and big integers agree', (name: FieldName) => {
    for (let seed = 0; seed < 6; seed += 1) {
      const random = new SeededRandom(`field ${name} ${seed}`)
      const secrets = [random.bytes(seed % 2 === 0 ? 32 : 64), random.bytes(32)] as const
      const keys = secrets.map((secret) => keyObjectArithmetic.bind(name, secret))
      const numbers = secrets.map((secret) => bigIntArithmetic.bind(name, secret))
      expect(keys.map(({ publicValue }) => publicValue)).toEqual(numbers.map(({ publicValue }) => publicValue))
      const value = keys[1]?.publicValue ?? new Uint8Array(0)
      expect(keys[0]?.agree(value)).toEqual(numbers[0]?.agree(value))
      expect(numbers[1]?.agree(keys[0]?.publicValue ?? value)).toEqual(keys[0]?.agree(value))
    }
  })

  it('keeps leading zeros of a public value', () => {
    // 2^(2^11) modulo a prime of 3072 bits is that power itself: a number of 257 bytes.
    const secret = Uint8Array.of(8, 0)
    const expected = new Uint8Array(384)
    expected[384 - 257] = 1
    expect(bigIntArithmetic.bind('DH3k', secret).publicValue).toEqual(expected)
    expect(keyObjectArithmetic.bind('DH3k', secret).publicValue).toEqual(expected)
  })

  it.each(['DH2k', 'DH3k'] as const)('%s: only values between 1 and p − 1', (name) => {
    const prime = primes[name]
    const shifted = (by: number): Uint8Array => {
      const copy = prime.slice()
      copy[copy.length - 1] = 0xff - by
      return copy
    }
    const small = (value: number): Uint8Array => {
      const copy = new Uint8Array(prime.length)
      copy[copy.length - 1] = value
      return copy
    }
    // Both primes end in 0xff.
    expect([shifted(0), shifted(1), shifted(2)].map((value) => isInRange(name, value))).toEqual([false, false, true])
    expect([0, 1, 2].map((value) => isInRange(name, small(value)))).toEqual([false, false, true])
    expect(isInRange(name, small(2).subarray(1))).toBe(false)
  })
})

describe('curves', () => {
  it('refuses points that are not on them', () => {
    for (const name of ['EC25', 'EC38'] as const) {
      const pair = nodeKeyAgreement.newPair(name, new SeededRandom(name), 32)
      const off = nodeKeyAgreement.newPair(name, new SeededRandom('other'), 32).publicValue.slice()
      off[off.length - 1] = (off[off.length - 1] ?? 0) ^ 1
      expect(pair.agree(off)).toBeNull()
    }
  })

  it('draws again where the randomness is above the order', () => {
    let draws = 0
    const random = { bytes: (length: number) => new Uint8Array(length).fill((draws += 1) === 1 ? 0xff : 0x17) }
    expect(nodeKeyAgreement.newPair('EC25', random, 32).publicValue).toHaveLength(64)
    expect(draws).toBe(2)
  })
})
