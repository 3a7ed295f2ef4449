import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '#shared/bytes/bytes.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import {
  decodeSpoolKey,
  encodeSpoolKey,
  newSpoolKey,
  openSealed,
  sealBytes,
  sealKeyOf,
  sealRecord,
} from './sealed-record.ts'

interface Vector {
  readonly privateKey: string
  readonly mark: string
  readonly ephemeralPrivateKey: string
  readonly sequence: number
  readonly plaintext: string
  readonly publicKey: string
  readonly sealed: string
}

const vector = JSON.parse(
  readFileSync(new URL('../../../test/vectors/spool/sealed-record.json', import.meta.url), 'utf8'),
) as Vector
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
const random = new SeededRandom('sealed records')
const plaintext = utf8('Meet me at the lighthouse')

describe('a sealed record', () => {
  it('is what the test vector says', () => {
    const key = { privateKey: bytesOf(vector.privateKey), mark: bytesOf(vector.mark) }
    const seal = sealKeyOf(key)
    expect(toHex(seal.publicKey)).toBe(vector.publicKey)
    const ephemeral = { bytes: () => bytesOf(vector.ephemeralPrivateKey) }
    expect(toHex(sealRecord(seal, vector.sequence, bytesOf(vector.plaintext), ephemeral))).toBe(vector.sealed)
    expect(openSealed(key, vector.sequence, bytesOf(vector.sealed))).toEqual(bytesOf(vector.plaintext))
  })

  it('opens with the private key, and looks different each time', () => {
    const key = newSpoolKey(random)
    const [a, b] = [sealRecord(sealKeyOf(key), 7, plaintext, random), sealRecord(sealKeyOf(key), 7, plaintext, random)]
    expect(a).not.toEqual(b)
    expect(a.length).toBe(plaintext.length + sealBytes)
    expect(openSealed(key, 7, a)).toEqual(plaintext)
    expect(openSealed(key, 7, sealRecord(sealKeyOf(key), 7, new Uint8Array(), random))).toEqual(new Uint8Array())
  })

  it('is refused with any bit changed, any byte missing or added, and under another number', () => {
    const key = newSpoolKey(random)
    const sealed = sealRecord(sealKeyOf(key), 3, plaintext, random)
    for (let at = 0; at < sealed.length * 8; at += 1) {
      const changed = sealed.slice()
      changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7))
      expect(openSealed(key, 3, changed), `bit ${at}`).toBeNull()
    }
    for (let length = 0; length < sealed.length; length += 1)
      expect(openSealed(key, 3, sealed.subarray(0, length))).toBeNull()
    expect(openSealed(key, 3, Uint8Array.from([...sealed, 0]))).toBeNull()
    expect(openSealed(key, 4, sealed)).toBeNull()
  })

  it('is refused where somebody who only knows the public key made it', () => {
    const key = newSpoolKey(random)
    const forged = sealRecord({ publicKey: sealKeyOf(key).publicKey, mark: new Uint8Array(32) }, 1, plaintext, random)
    expect(openSealed(key, 1, forged)).toBeNull()
    expect(openSealed(newSpoolKey(random), 1, sealRecord(sealKeyOf(key), 1, plaintext, random))).toBeNull()
  })

  it('has a key that can be kept as bytes', () => {
    const key = newSpoolKey(random)
    expect(decodeSpoolKey(encodeSpoolKey(key))).toEqual(key)
    expect(decodeSpoolKey(new Uint8Array(63))).toBeNull()
  })
})
