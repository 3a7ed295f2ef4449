/** Ed25519 and X25519 pairs from 32-byte seeds on node:crypto, raw bytes in and out. */
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { newSecret } from '#shared/bytes/secret.ts'

export type Curve = 'ed25519' | 'x25519'

/** RFC 8410 §7 and §4: the fixed DER around a raw 32-byte key. */
const privatePrefix = { ed25519: '302e020100300506032b657004220420', x25519: '302e020100300506032b656e04220420' }
const publicPrefix = { ed25519: '302a300506032b6570032100', x25519: '302a300506032b656e032100' }
const keyBytes = 32

/** The private key whose raw 32 bytes are `seed`. */
export function privateKeyOf(curve: Curve, seed: Uint8Array): KeyObject {
  const prefix = Buffer.from(privatePrefix[curve], 'hex')
  const der = newSecret(prefix.length + seed.length)
  der.set(prefix)
  der.set(seed, prefix.length)
  try {
    return createPrivateKey({ key: Buffer.from(der.buffer), format: 'der', type: 'pkcs8' })
  } finally {
    der.fill(0)
  }
}

/** The public key of these raw 32 bytes. @throws for bytes of another length. */
export function importPublicKey(curve: Curve, raw: Uint8Array): KeyObject {
  const der = Buffer.concat([Buffer.from(publicPrefix[curve], 'hex'), raw])
  return createPublicKey({ key: der, format: 'der', type: 'spki' })
}

/** Raw 32-byte public half of the private key `seed`. */
export function publicKeyOf(curve: Curve, seed: Uint8Array): Uint8Array {
  const der = createPublicKey(privateKeyOf(curve, seed)).export({ format: 'der', type: 'spki' })
  return Uint8Array.from(der.subarray(der.length - keyBytes))
}

/** Ed25519 signature (RFC 8032) by the private key `seed`. */
export function signEd25519(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return Uint8Array.from(sign(null, message, privateKeyOf('ed25519', seed)))
}

/** Whether `signature` is one of `publicKey` over `message`; false also for keys that are none. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== keyBytes || signature.length !== 64) return false
  try {
    return verify(null, message, importPublicKey('ed25519', publicKey), signature)
  } catch {
    return false
  }
}
