import { createCipheriv, createDecipheriv } from 'node:crypto'
import { concatBytes, utf8, wipe } from '#shared/bytes/bytes.ts'
import { secretOf } from '#shared/bytes/secret.ts'
import type { RandomPort } from '#shared/ports/random.ts'

const nonceBytes = 12
const tagBytes = 16
const keyBytes = 32

/** What a wrap is bound to: it opens nowhere else. */
export interface WrapPurpose {
  readonly version: number
  readonly profile: string
  /** `keychain`, `passphrase`, or `paper-secret` with its label. */
  readonly rung: string
}

function associatedData({ version, profile, rung }: WrapPurpose): Uint8Array {
  return utf8(`sotto/v${version}/database key\0${profile}\0${rung}`)
}

/** Nonce, ciphertext and tag of `key` under `wrapKey` (AES-256-GCM). */
export function wrapKey(key: Uint8Array, wrapKey: Uint8Array, purpose: WrapPurpose, random: RandomPort): Uint8Array {
  const nonce = random.bytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', wrapKey, nonce).setAAD(associatedData(purpose))
  return concatBytes(nonce, cipher.update(key), cipher.final(), cipher.getAuthTag())
}

/** The wrapped key, its caller's to wipe; null when `wrapKey` is not the right one or the wrap was changed. */
export function unwrapKey(wrapped: Uint8Array, wrapKey: Uint8Array, purpose: WrapPurpose): Uint8Array | null {
  if (wrapped.length < nonceBytes + tagBytes || wrapKey.length !== keyBytes) return null
  const decipher = createDecipheriv('aes-256-gcm', wrapKey, wrapped.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
  decipher.setAAD(associatedData(purpose)).setAuthTag(wrapped.subarray(-tagBytes))
  try {
    const body = decipher.update(wrapped.subarray(nonceBytes, -tagBytes))
    decipher.final()
    const key = secretOf(body)
    wipe(body)
    return key
  } catch {
    return null
  }
}
