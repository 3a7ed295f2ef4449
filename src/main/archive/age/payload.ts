/**
 * The payload of an age file: a nonce of 16 bytes, then chunks of 64 KiB under ChaCha20-Poly1305 in the STREAM construction.
 *
 *   payload key = HKDF-SHA-256(file key, salt = nonce, info = "payload")
 *   nonce of chunk i: i as big-endian [11] · 1 for the last chunk, else 0 [1]
 */
import { hkdfSync } from 'node:crypto'
import { ageError } from './age-error.ts'
import { chunkCipher, tagBytes, type ChunkCipher } from './chunk-cipher.ts'

export const payloadNonceBytes = 16
export const chunkBytes = 65_536
export const sealedChunkBytes = chunkBytes + tagBytes

/** The cipher of a payload. */
export function payloadCipher(fileKey: Uint8Array, nonce: Uint8Array): ChunkCipher {
  return chunkCipher(new Uint8Array(hkdfSync('sha256', fileKey, nonce, 'payload', 32)))
}

/** Nonce of a chunk: a chunk cannot be left out, moved or become the last. */
export function chunkNonce(index: number, last: boolean): Uint8Array {
  const nonce = new Uint8Array(12)
  const view = new DataView(nonce.buffer)
  view.setUint32(3, Math.floor(index / 2 ** 32))
  view.setUint32(7, index >>> 0)
  nonce[11] = last ? 1 : 0
  return nonce
}

/** How many chunks a sealed payload of this size holds. @throws ProtocolError `age-altered` where no payload has this size. */
export function chunkCount(sealedBytes: number): number {
  if (sealedBytes < tagBytes) throw ageError('age-altered', 'short payload')
  return Math.ceil(sealedBytes / sealedChunkBytes)
}

/** Opens chunk `index` of `count`. @throws ProtocolError `age-altered`. */
export function openPayloadChunk(
  cipher: ChunkCipher,
  { index, count }: { readonly index: number; readonly count: number },
  sealed: Uint8Array,
): Uint8Array {
  const plain = cipher.open(chunkNonce(index, index === count - 1), sealed)
  // Only an empty payload has an empty last chunk.
  if (plain === null || (plain.length === 0 && index > 0)) throw ageError('age-altered', `chunk ${index}`)
  return plain
}
