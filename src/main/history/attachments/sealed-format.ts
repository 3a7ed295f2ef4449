/**
 * Bytes of a sealed attachment: a header, then chunks under AES-256-GCM in the STREAM construction.
 *
 *   magic "SOTTOATT" [8] · version 2 [1] · reserved 0 [3] · noncePrefix [7] · zero [5]
 *   then per chunk: ciphertext [up to 65536] · tag [16]
 *
 * Sealed are the attachment's bytes, zeros up to a size class (`shared/replication/size-classes.ts`) and, last, how many bytes the
 * attachment has [8]: a file's length says little, on a disk and at a server.
 *
 * Nonce of chunk i: noncePrefix [7] · i as uint32 [4] · final flag [1]. The header is associated data of every chunk. A chunk
 * cannot be left out, repeated, reordered or cut off: its number and whether it is the last are part of its nonce.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { ProtocolError } from '#shared/errors.ts'
import { concatBytes, equalBytes, utf8 } from '#shared/bytes/bytes.ts'
import { sizeClass } from '#shared/replication/size-classes.ts'

export const headerBytes = 24
export const chunkBytes = 65_536
export const tagBytes = 16
export const sealedChunkBytes = chunkBytes + tagBytes
export const attachmentKeyBytes = 32
export const noncePrefixBytes = 7
/** Of the size at the end. */
export const sizeBytes = 8
const prefixOffset = 12
/** Chunk numbers are 32 bits: the largest attachment, 256 TiB. */
const maxChunks = 2 ** 32

export type SealedErrorCode = 'attachment-malformed' | 'attachment-forged'

const magic = concatBytes(utf8('SOTTOATT'), Uint8Array.of(2, 0, 0, 0))

/** The header for a fresh 7-byte nonce prefix. */
export function encodeHeader(noncePrefix: Uint8Array): Uint8Array {
  return concatBytes(magic, noncePrefix, new Uint8Array(headerBytes - prefixOffset - noncePrefixBytes))
}

/** The nonce prefix that {@link encodeHeader} put into a header. */
export function noncePrefixOf(header: Uint8Array): Uint8Array {
  return header.slice(prefixOffset, prefixOffset + noncePrefixBytes)
}

/** @throws ProtocolError `attachment-malformed` for anything but a header of this version. */
export function checkHeader(header: Uint8Array): void {
  const rest = header.subarray(prefixOffset + noncePrefixBytes)
  if (
    header.length !== headerBytes ||
    !equalBytes(header.subarray(0, prefixOffset), magic) ||
    rest.some((b) => b !== 0)
  ) {
    throw new ProtocolError<SealedErrorCode>('attachment-malformed')
  }
}

function nonceOf(header: Uint8Array, index: number, final: boolean): Uint8Array {
  if (index >= maxChunks) throw new ProtocolError<SealedErrorCode>('attachment-malformed')
  const nonce = new Uint8Array(12)
  nonce.set(header.subarray(prefixOffset, prefixOffset + noncePrefixBytes))
  new DataView(nonce.buffer).setUint32(noncePrefixBytes, index)
  nonce[11] = final ? 1 : 0
  return nonce
}

/** Seals chunk `index`: ciphertext and tag. */
export function sealChunk(
  key: Uint8Array,
  header: Uint8Array,
  chunk: { readonly index: number; readonly final: boolean; readonly bytes: Uint8Array },
): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(header, chunk.index, chunk.final)).setAAD(header)
  return concatBytes(cipher.update(chunk.bytes), cipher.final(), cipher.getAuthTag())
}

/** Opens chunk `index`. @throws ProtocolError `attachment-forged` when anything about it was changed. */
export function openChunk(
  key: Uint8Array,
  header: Uint8Array,
  chunk: { readonly index: number; readonly final: boolean; readonly sealed: Uint8Array },
): Uint8Array {
  const { sealed } = chunk
  if (sealed.length < tagBytes) throw new ProtocolError<SealedErrorCode>('attachment-forged')
  const nonce = nonceOf(header, chunk.index, chunk.final)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(header)
  decipher.setAuthTag(sealed.subarray(-tagBytes))
  try {
    return concatBytes(decipher.update(sealed.subarray(0, -tagBytes)), decipher.final())
  } catch {
    throw new ProtocolError<SealedErrorCode>('attachment-forged')
  }
}

/** What follows the bytes of an attachment of `size` bytes: so many zeros, then its size. */
export function paddingOf(size: number): { readonly zeros: number; readonly end: Uint8Array } {
  const end = new Uint8Array(sizeBytes)
  new DataView(end.buffer).setBigUint64(0, BigInt(size))
  return { zeros: sizeClass(size + sizeBytes) - size - sizeBytes, end }
}

/**
 * Bytes of an attachment whose opened last chunk this is, of `paddedBytes` in all.
 * @throws ProtocolError `attachment-malformed` for another size than was padded so.
 */
export function sizeIn(last: Uint8Array, paddedBytes: number): number {
  const at = last.byteOffset + last.length - sizeBytes
  const size = Number(new DataView(last.buffer, at, sizeBytes).getBigUint64(0))
  if (sizeClass(size + sizeBytes) !== paddedBytes) throw new ProtocolError<SealedErrorCode>('attachment-malformed')
  return size
}

/** How a sealed file of this size is cut; null when no attachment has this size. */
export function layoutOf(fileBytes: number): { readonly chunks: number; readonly paddedBytes: number } | null {
  const body = fileBytes - headerBytes
  const chunks = Math.ceil(body / sealedChunkBytes)
  const paddedBytes = body - chunks * tagBytes
  if (paddedBytes < sizeBytes || sizeClass(paddedBytes) !== paddedBytes) return null
  return { chunks, paddedBytes }
}
