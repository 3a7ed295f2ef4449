/**
 * Hybrid public key encryption to one X25519 key, mode_base, one message (RFC 9180 §5 and §6.1): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256
 * and an AES-GCM.
 */
import { createCipheriv, createDecipheriv, createHmac, diffieHellman } from 'node:crypto'
import { concatBytes, utf8, wipe } from '#shared/bytes/bytes.ts'
import { secretOf } from '#shared/bytes/secret.ts'
import { importPublicKey, privateKeyOf, publicKeyOf } from './key-pairs.ts'

const kemId = 0x0020
const kdfId = 0x0001
const hashLength = 32
const publicKeyBytes = 32
const nonceBytes = 12
const tagBytes = 16

/** RFC 9180 §7.3. */
const aeads = {
  'aes-128-gcm': { id: 0x0001, keyBytes: 16 },
  'aes-256-gcm': { id: 0x0002, keyBytes: 32 },
} as const
export type HpkeAead = keyof typeof aeads

export interface HpkeMessage {
  /** What the message is for: another purpose cannot open it. */
  readonly info: Uint8Array
  readonly aad: Uint8Array
  readonly aead?: HpkeAead
}

/** Bytes that sealing adds: the ephemeral public key before, the tag behind. */
export const hpkeOverhead = publicKeyBytes + tagBytes

/**
 * Seals `content` to a public key: ephemeral public key (32), ciphertext, tag (16).
 * @param ephemeralSeed - 32 fresh random bytes; the caller's to wipe.
 */
export function hpkeSeal(
  recipient: Uint8Array,
  content: Uint8Array,
  { info, aad, aead = 'aes-256-gcm', ephemeralSeed }: HpkeMessage & { readonly ephemeralSeed: Uint8Array },
): Uint8Array<ArrayBuffer> {
  const ephemeral = publicKeyOf('x25519', ephemeralSeed)
  const dh = diffieHellman({
    privateKey: privateKeyOf('x25519', ephemeralSeed),
    publicKey: importPublicKey('x25519', recipient),
  })
  const { key, nonce } = schedule(dh, concatBytes(ephemeral, recipient), { info, aead })
  const cipher = createCipheriv(aead, key, nonce).setAAD(aad)
  const sealed = concatBytes(ephemeral, cipher.update(content), cipher.final(), cipher.getAuthTag())
  wipe(key)
  return sealed
}

/** What was sealed to the key whose private half is `seed`, the caller's to wipe; null when it was not sealed to it, or is damaged. */
export function hpkeOpen(
  seed: Uint8Array,
  sealed: Uint8Array,
  { info, aad, aead = 'aes-256-gcm' }: HpkeMessage,
): Uint8Array<ArrayBuffer> | null {
  if (sealed.length < hpkeOverhead) return null
  const [ephemeral, tagAt] = [sealed.subarray(0, publicKeyBytes), sealed.length - tagBytes]
  const dh = agreement(seed, ephemeral)
  if (dh === null) return null
  const { key, nonce } = schedule(dh, concatBytes(ephemeral, publicKeyOf('x25519', seed)), { info, aead })
  const decipher = createDecipheriv(aead, key, nonce).setAAD(aad).setAuthTag(sealed.subarray(tagAt))
  const content = decipher.update(sealed.subarray(publicKeyBytes, tagAt))
  try {
    decipher.final()
    return secretOf(content)
  } catch {
    return null
  } finally {
    wipe(key, content)
  }
}

/** Null for a public key of small order, with which every shared secret is zero (RFC 9180 §7.1.4). */
function agreement(seed: Uint8Array, publicKey: Uint8Array): Buffer | null {
  try {
    return diffieHellman({ privateKey: privateKeyOf('x25519', seed), publicKey: importPublicKey('x25519', publicKey) })
  } catch {
    return null
  }
}

/** ExtractAndExpand of §4.1, then KeySchedule of §5.1, mode_base; wipes `dh`. */
function schedule(
  dh: Buffer,
  kemContext: Uint8Array,
  { info, aead }: { readonly info: Uint8Array; readonly aead: HpkeAead },
): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  const { id, keyBytes } = aeads[aead]
  const kem = concatBytes(utf8('KEM'), uint16(kemId))
  const suite = concatBytes(utf8('HPKE'), uint16(kemId), uint16(kdfId), uint16(id))
  const nothing = new Uint8Array()
  const eae = extract({ suite: kem, label: 'eae_prk', salt: nothing }, dh)
  const shared = expand({ suite: kem, label: 'shared_secret', info: kemContext }, eae, hashLength)
  const context = concatBytes(
    Uint8Array.of(0),
    extract({ suite, label: 'psk_id_hash', salt: nothing }, nothing),
    extract({ suite, label: 'info_hash', salt: nothing }, info),
  )
  const secret = extract({ suite, label: 'secret', salt: shared }, nothing)
  const key = expand({ suite, label: 'key', info: context }, secret, keyBytes)
  const nonce = expand({ suite, label: 'base_nonce', info: context }, secret, nonceBytes)
  wipe(dh, eae, shared, secret)
  return { key, nonce }
}

interface Labelled {
  readonly suite: Uint8Array
  readonly label: string
}

/** LabeledExtract (§4). */
function extract({ suite, label, salt }: Labelled & { readonly salt: Uint8Array }, ikm: Uint8Array): Uint8Array {
  const key = salt.length === 0 ? new Uint8Array(hashLength) : salt
  return createHmac('sha256', key).update('HPKE-v1').update(suite).update(label).update(ikm).digest()
}

/** LabeledExpand (§4), of at most one block of the hash. */
function expand(
  { suite, label, info }: Labelled & { readonly info: Uint8Array },
  key: Uint8Array,
  length: number,
): Uint8Array {
  const labelled = concatBytes(uint16(length), utf8('HPKE-v1'), suite, utf8(label), info)
  return createHmac('sha256', key).update(labelled).update(Uint8Array.of(1)).digest().subarray(0, length)
}

function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 255)
}
