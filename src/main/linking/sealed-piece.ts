/**
 * Pieces as they travel: a salt of 32 random bytes, then AES-256-GCM under HKDF-SHA-256 (RFC 5869) of key and salt, with the piece's number
 * as associated data. Every piece has a key of its own, so that an end that crashed and numbers anew can spoil nothing.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { concatBytes, utf8, wipe } from '#shared/bytes/bytes.ts'
import { ProtocolError } from '#shared/errors.ts'
import { maxPieceBytes } from '#shared/linking/rendezvous.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { lengthBytes, pad, sizeClass, unpad } from '#shared/replication/size-classes.ts'

export type SealedPieceError = 'not-sealed' | 'bad-padding'

const label = utf8('sotto/v1/link-piece\0')
const saltBytes = 32
const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
const overhead = saltBytes + tagBytes
/** Content of a piece at most: its size class fits what the server takes. */
export const maxPieceContent = largestContent()

function largestContent(): number {
  let content = maxPieceBytes - overhead - lengthBytes
  while (sizeClass(lengthBytes + content) + overhead > maxPieceBytes) content -= lengthBytes
  return content
}

/** Pads and seals. @param key - 32 bytes for this direction. */
export function sealPiece(
  key: Uint8Array,
  number: number,
  content: Uint8Array,
  random: RandomPort,
): Uint8Array<ArrayBuffer> {
  const salt = random.bytes(saltBytes)
  const own = pieceKey(key, salt)
  const cipher = createCipheriv('aes-256-gcm', own.key, own.nonce).setAAD(numberBytes(number))
  const padded = pad(content)
  const sealed = concatBytes(salt, cipher.update(padded), cipher.final(), cipher.getAuthTag())
  wipe(own.key, padded)
  return sealed
}

/** @throws ProtocolError a {@link SealedPieceError} for anything but the piece of this number by who has the key. */
export function openPiece(key: Uint8Array, number: number, sealed: Uint8Array): Uint8Array {
  const tagAt = sealed.length - tagBytes
  if (tagAt < saltBytes) throw new ProtocolError<SealedPieceError>('not-sealed')
  const own = pieceKey(key, sealed.subarray(0, saltBytes))
  const decipher = createDecipheriv('aes-256-gcm', own.key, own.nonce, { authTagLength: tagBytes })
  decipher.setAAD(numberBytes(number)).setAuthTag(sealed.subarray(tagAt))
  const padded = decipher.update(sealed.subarray(saltBytes, tagAt))
  try {
    decipher.final()
  } catch {
    padded.fill(0)
    throw new ProtocolError<SealedPieceError>('not-sealed')
  } finally {
    wipe(own.key)
  }
  return unpad(new Uint8Array(padded.buffer, padded.byteOffset, padded.length))
}

function pieceKey(key: Uint8Array, salt: Uint8Array): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  const derived = new Uint8Array(hkdfSync('sha256', key, salt, label, keyBytes + nonceBytes))
  return { key: derived.subarray(0, keyBytes), nonce: derived.subarray(keyBytes) }
}

function numberBytes(number: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number))
  return bytes
}
