/** Seals bodies with keys of epochs: each body has a key of its own, from the epoch's key, the device and the salt of its header. */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { concatBytes, utf8 } from '#shared/bytes/bytes.ts'
import { ProtocolError } from '#shared/errors.ts'
import { decodeHeader, sealedHeaderBytes } from '#shared/replication/envelope.ts'
import { headsKeyInfo } from '#shared/replication/heads.ts'
import { pad, unpad } from '#shared/replication/size-classes.ts'

const label = utf8('sotto/v1/replica-body\0')
const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
/** Salt and device in the first bytes of a header (`envelope.ts`). */
const place = { device: [1, 17], salt: [29, 61] } as const
/** The same before sealed heads (`heads.ts`). */
const headsPlace = { device: [1, 17], salt: [21, 53] } as const

/**
 * Pads and seals the content of an envelope: AES-256-GCM under HKDF-SHA-256 (RFC 5869) of epoch key and salt, associated with `start`.
 * @param start - The first 93 bytes of the header; its salt must be fresh.
 */
export function sealBody(epochKey: Uint8Array, start: Uint8Array, content: Uint8Array): Uint8Array<ArrayBuffer> {
  return seal(bodyKey(epochKey, start), start.subarray(0, sealedHeaderBytes), content)
}

/** The same for heads that go to the other devices directly. @param front - Its salt must be fresh. */
export function sealHeads(epochKey: Uint8Array, front: Uint8Array, content: Uint8Array): Uint8Array<ArrayBuffer> {
  return seal(headsKey(epochKey, front), front, content)
}

/** What heads were sealed with; null when it is not what was sealed behind this front and under this key. */
export function openHeads(epochKey: Uint8Array, front: Uint8Array, sealed: Uint8Array): Uint8Array | null {
  return open(() => headsKey(epochKey, front), front, sealed)
}

/** The content of a body; null when it is not what was sealed under this header and key. */
export function openBody(epochKey: Uint8Array, header: Uint8Array, body: Uint8Array): Uint8Array | null {
  return open(() => bodyKey(epochKey, header), header.subarray(0, sealedHeaderBytes), body)
}

function seal({ key, nonce }: SealKey, associated: Uint8Array, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(associated)
  const sealed = concatBytes(cipher.update(pad(content)), cipher.final(), cipher.getAuthTag())
  key.fill(0)
  return sealed
}

function open(keyOf: () => SealKey, associated: Uint8Array, body: Uint8Array): Uint8Array | null {
  const tagAt = body.length - tagBytes
  if (tagAt < 0) return null
  const { key, nonce } = keyOf()
  const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(associated)
  decipher.setAuthTag(body.subarray(tagAt))
  const padded = decipher.update(body.subarray(0, tagAt))
  try {
    decipher.final()
    return unpad(new Uint8Array(padded.buffer, padded.byteOffset, padded.length))
  } catch {
    padded.fill(0)
    return null
  } finally {
    key.fill(0)
  }
}

/** Number of the epoch that a header names; null for bytes that are no header. */
export function epochOf(header: Uint8Array): number | null {
  try {
    return decodeHeader(header).epoch
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

interface SealKey {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
}

function bodyKey(epochKey: Uint8Array, header: Uint8Array): SealKey {
  const info = concatBytes(label, header.subarray(...place.device))
  return derive(epochKey, header.subarray(...place.salt), info)
}

function headsKey(epochKey: Uint8Array, front: Uint8Array): SealKey {
  return derive(epochKey, front.subarray(...headsPlace.salt), headsKeyInfo(front.subarray(...headsPlace.device)))
}

function derive(epochKey: Uint8Array, salt: Uint8Array, info: Uint8Array): SealKey {
  const derived = new Uint8Array(hkdfSync('sha256', epochKey, salt, info, keyBytes + nonceBytes))
  return { key: derived.subarray(0, keyBytes), nonce: derived.subarray(keyBytes) }
}
