/**
 * A record of the spool, sealed to a public key (docs/history.md): whoever seals cannot open what was sealed before.
 *
 * ```
 * record = 'SSP1' (4) ephemeral X25519 public key (32) ciphertext tag (16)
 * key (32) || nonce (12) = HKDF-SHA-256(ikm = X25519(ephemeral, spool key) || mark,
 *                                       salt = ephemeral public key || spool public key, info = 'sotto/v1/spool record')
 * ciphertext || tag = AES-256-GCM(key, nonce, plaintext, associated data = 'SSP1' || sequence number, 8 bytes big-endian)
 * ```
 *
 * The mark is a random secret of the pair: a public key alone would let anybody who can write to the disk seal messages of
 * his own.
 */
import { createCipheriv, createDecipheriv, diffieHellman, hkdfSync } from 'node:crypto'
import { concatBytes, equalBytes, utf8, wipe } from '#shared/bytes/bytes.ts'
import { newSecret, secretOf } from '#shared/bytes/secret.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { importPublicKey, privateKeyOf, publicKeyOf } from '#main/keys/key-pairs.ts'

const magic = utf8('SSP1')
const info = utf8('sotto/v1/spool record')
const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
/** Bytes that a seal adds to its plaintext. */
export const sealBytes = magic.length + keyBytes + tagBytes

/** What seals: may stay in memory while Sotto is locked. */
export interface SpoolSealKey {
  readonly publicKey: Uint8Array
  readonly mark: Uint8Array
}

/** What opens: only inside the encrypted database while Sotto is locked. */
export interface SpoolOpenKey {
  readonly privateKey: Uint8Array
  readonly mark: Uint8Array
}

/** A fresh pair, its owner's to wipe. */
export function newSpoolKey(random: RandomPort): SpoolOpenKey {
  return { privateKey: secretFrom(random), mark: secretFrom(random) }
}

/** The half of a pair that seals. */
export function sealKeyOf({ privateKey, mark }: SpoolOpenKey): SpoolSealKey {
  return { publicKey: publicKeyOf('x25519', privateKey), mark: secretOf(mark) }
}

/** Seals a plaintext as the record with this sequence number. */
export function sealRecord(
  key: SpoolSealKey,
  sequence: number,
  plaintext: Uint8Array,
  random: RandomPort,
): Uint8Array<ArrayBuffer> {
  const seed = secretFrom(random)
  const ephemeral = publicKeyOf('x25519', seed)
  const derived = deriveKey(seed, key.publicKey, { ephemeral, spool: key.publicKey, mark: key.mark })
  const cipher = createCipheriv('aes-256-gcm', derived.subarray(0, keyBytes), derived.subarray(keyBytes))
  cipher.setAAD(associatedData(sequence))
  const sealed = concatBytes(magic, ephemeral, cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
  wipe(seed, derived)
  return sealed
}

/** The plaintext of a record; null when it was changed, cut, moved to another number or sealed to another key. */
export function openSealed(key: SpoolOpenKey, sequence: number, sealed: Uint8Array): Uint8Array<ArrayBuffer> | null {
  if (sealed.length < sealBytes || !equalBytes(sealed.subarray(0, magic.length), magic)) return null
  const ephemeral = sealed.subarray(magic.length, magic.length + keyBytes)
  const spool = publicKeyOf('x25519', key.privateKey)
  try {
    const derived = deriveKey(key.privateKey, ephemeral, { ephemeral, spool, mark: key.mark })
    const plaintext = decrypt(derived, sequence, sealed)
    wipe(derived)
    return plaintext
  } catch {
    return null
  }
}

/** @throws when the tag does not fit. */
function decrypt(derived: Uint8Array, sequence: number, sealed: Uint8Array): Uint8Array<ArrayBuffer> {
  const decipher = createDecipheriv('aes-256-gcm', derived.subarray(0, keyBytes), derived.subarray(keyBytes), {
    authTagLength: tagBytes,
  })
  decipher.setAAD(associatedData(sequence)).setAuthTag(sealed.subarray(-tagBytes))
  const body = decipher.update(sealed.subarray(magic.length + keyBytes, -tagBytes))
  return concatBytes(body, decipher.final())
}

/** @throws for a public key of small order. */
function deriveKey(
  own: Uint8Array,
  other: Uint8Array,
  context: { readonly ephemeral: Uint8Array; readonly spool: Uint8Array; readonly mark: Uint8Array },
): Uint8Array {
  const agreed = diffieHellman({
    privateKey: privateKeyOf('x25519', own),
    publicKey: importPublicKey('x25519', other),
  })
  const input = concatBytes(agreed, context.mark)
  const salt = concatBytes(context.ephemeral, context.spool)
  const derived = new Uint8Array(hkdfSync('sha256', input, salt, info, keyBytes + nonceBytes))
  wipe(agreed, input)
  return derived
}

function associatedData(sequence: number): Uint8Array {
  const data = new Uint8Array(magic.length + 8)
  data.set(magic)
  new DataView(data.buffer).setBigUint64(magic.length, BigInt(sequence))
  return data
}

function secretFrom(random: RandomPort): Uint8Array {
  const drawn = random.bytes(keyBytes)
  const secret = secretOf(drawn)
  wipe(drawn)
  return secret
}

/** The pair as one value of the encrypted database: private key, then mark. */
export function encodeSpoolKey({ privateKey, mark }: SpoolOpenKey): Uint8Array {
  const encoded = newSecret(2 * keyBytes)
  encoded.set(privateKey)
  encoded.set(mark, keyBytes)
  return encoded
}

/** Reads what {@link encodeSpoolKey} wrote; null for anything else. */
export function decodeSpoolKey(bytes: Uint8Array): SpoolOpenKey | null {
  if (bytes.length !== 2 * keyBytes) return null
  return { privateKey: secretOf(bytes.subarray(0, keyBytes)), mark: secretOf(bytes.subarray(keyBytes)) }
}
