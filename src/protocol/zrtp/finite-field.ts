/**
 * Diffie-Hellman over the MODP groups of RFC 3526 (RFC 6189 §5.1.5). Keys go to `node:crypto` as DER, because its classes either
 * test the prime for seconds or take no secret of ours. A host whose `node:crypto` knows no such keys gets the arithmetic below.
 */
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import { compareBytes, copyOf, toHex, wipe } from '#shared/bytes/bytes.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { derBits, derInteger, derOctets, derSequence } from './der.ts'
import { generator, primes } from './finite-field-groups.ts'
import type { KeyPair } from './key-agreement.ts'

export type FieldName = keyof typeof primes

/** Powers modulo the prime of a group. */
export interface FieldArithmetic {
  /** generator^secret and the function peer^secret, both as long as the prime; the secret is copied. */
  bind(name: FieldName, secret: Uint8Array): KeyPair
}

export function newFieldPair(name: FieldName, random: RandomPort, secretBytes: number): KeyPair {
  const secret = random.bytes(secretBytes)
  const pair = hostArithmetic().bind(name, secret)
  wipe(secret)
  return {
    publicValue: pair.publicValue,
    agree: (peer) => (isInRange(name, peer) ? pair.agree(peer) : null),
  }
}

/** Whether a public value is above 1 and below p − 1, in exactly the prime's length (§4.4.1.2). */
export function isInRange(name: FieldName, value: Uint8Array): boolean {
  const prime = primes[name]
  if (value.length !== prime.length) return false
  const last = copyOf(prime)
  last[last.length - 1] = (last[last.length - 1] ?? 0) - 1
  const one = new Uint8Array(prime.length)
  one[one.length - 1] = 1
  return compareBytes(value, one) > 0 && compareBytes(value, last) < 0
}

let chosen: FieldArithmetic | null = null

/** `node:crypto` where it can; found out once, by 2^(2^255) of the smaller group. */
function hostArithmetic(): FieldArithmetic {
  chosen ??= canUseKeys() ? keyObjectArithmetic : bigIntArithmetic
  return chosen
}

function canUseKeys(): boolean {
  try {
    const secret = new Uint8Array(32)
    secret[0] = 0x80
    const [keys, numbers] = [keyObjectArithmetic.bind('DH2k', secret), bigIntArithmetic.bind('DH2k', secret)]
    const result = keys.agree(numbers.publicValue)
    return result !== null && compareBytes(result, numbers.agree(keys.publicValue) ?? new Uint8Array(0)) === 0
  } catch {
    return false
  }
}

/** 1.2.840.113549.1.3.1, dhKeyAgreement. */
const dhKeyAgreement = Uint8Array.from(Buffer.from('06092a864886f70d010301', 'hex'))

function algorithmOf(name: FieldName): Uint8Array {
  return derSequence(dhKeyAgreement, derSequence(derInteger(primes[name]), derInteger(Uint8Array.of(generator))))
}

const algorithmIds = { DH2k: algorithmOf('DH2k'), DH3k: algorithmOf('DH3k') } as const

/** By key objects: some tenths of a millisecond. */
export const keyObjectArithmetic: FieldArithmetic = {
  bind: (name, secret) => {
    const integer = derInteger(secret)
    const octets = derOctets(integer)
    const der = derSequence(derInteger(Uint8Array.of(0)), algorithmIds[name], octets)
    const privateKey = createPrivateKey({ key: Buffer.from(der.buffer), format: 'der', type: 'pkcs8' })
    wipe(integer, octets, der)
    const length = primes[name].length
    return {
      publicValue: lastInteger(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }), length),
      agree: (peer) => {
        try {
          const result = diffieHellman({ privateKey, publicKey: publicKeyOf(name, peer) })
          const whole = padded(result, length)
          wipe(result)
          return whole
        } catch {
          return null
        }
      },
    }
  },
}

function publicKeyOf(name: FieldName, value: Uint8Array): KeyObject {
  const der = derSequence(algorithmIds[name], derBits(derInteger(value)))
  return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
}

/** The INTEGER that ends a SubjectPublicKeyInfo, with its leading zeros back: it begins after the last `03 … 00 02 …` head. */
function lastInteger(spki: Uint8Array, length: number): Uint8Array {
  const bitString = spki.subarray(sequenceEnd(spki))
  const integer = content(content(bitString).subarray(1))
  return padded(integer[0] === 0 ? integer.subarray(1) : integer, length)
}

/** Where the algorithm of a SubjectPublicKeyInfo ends. */
function sequenceEnd(spki: Uint8Array): number {
  const inner = content(spki)
  const algorithm = content(inner)
  return algorithm.byteOffset - spki.byteOffset + algorithm.length
}

/** The content of the DER element at the start of `bytes`. */
function content(bytes: Uint8Array): Uint8Array {
  const first = bytes[1] ?? 0
  if (first < 0x80) return bytes.subarray(2, 2 + first)
  const digits = first & 0x7f
  let length = 0
  for (let at = 0; at < digits; at += 1) length = length * 256 + (bytes[2 + at] ?? 0)
  return bytes.subarray(2 + digits, 2 + digits + length)
}

/** By big integers: some milliseconds, and not in constant time, which a secret used once can bear. */
export const bigIntArithmetic: FieldArithmetic = {
  bind: (name, secret) => {
    const [prime, exponent] = [toBigInt(primes[name]), toBigInt(secret)]
    const length = primes[name].length
    return {
      publicValue: fromBigInt(power(BigInt(generator), exponent, prime), length),
      agree: (peer) => fromBigInt(power(toBigInt(peer), exponent, prime), length),
    }
  },
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus
    if (bit === '1') result = (result * base) % modulus
  }
  return result
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`)
}

function fromBigInt(value: bigint, length: number): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex'))
}

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const whole = new Uint8Array(length)
  whole.set(bytes, length - bytes.length)
  return whole
}
