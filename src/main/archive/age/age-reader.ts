/** Reads an age file: opened once with its secret, then walked as often as needed. */
import { armor } from 'age-encryption'
import { ageError } from './age-error.ts'
import { memorySource, type ByteSource } from './byte-source.ts'
import type { ChunkCipher } from './chunk-cipher.ts'
import { headerLength, maxHeaderBytes, openFileKey, sealedFor, type OpeningSecret } from './header.ts'
import { chunkCount, openPayloadChunk, payloadCipher, payloadNonceBytes, sealedChunkBytes } from './payload.ts'

/** Armoured files are decoded in memory: only small ones. */
const maxArmoredBytes = 64 * 1024 * 1024
const armorStart = '-----BEGIN'
/** Chunks read from disk at a time. */
const readAhead = 16

/** An age file whose payload can be walked. */
export interface AgeFile {
  /** Sealed bytes of the payload. */
  readonly sealedBytes: number
  /** Plain bytes in order, each chunk only after it was authenticated. @throws ProtocolError `age-altered`. */
  walk(): AsyncGenerator<Uint8Array>
}

/** The binary file behind `source`, which may be armoured. @throws ProtocolError `age-malformed`. */
export async function withoutArmor(source: ByteSource): Promise<ByteSource> {
  const start = Buffer.from(await source.read(0, 256)).toString('latin1')
  if (!start.trimStart().startsWith(armorStart)) return source
  if (source.size > maxArmoredBytes) throw ageError('age-malformed', 'armor too large')
  const text = Buffer.from(await source.read(0, source.size)).toString('latin1')
  try {
    return memorySource(armor.decode(text))
  } catch {
    throw ageError('age-malformed', 'armor')
  }
}

/** The header at the start of `source`. @throws ProtocolError `age-malformed`. */
export async function readHeader(source: ByteSource): Promise<Uint8Array> {
  const start = await source.read(0, maxHeaderBytes)
  return start.slice(0, headerLength(start))
}

/** What kind of secret opens the file. @throws ProtocolError `age-malformed`. */
export async function secretKindOf(source: ByteSource): Promise<OpeningSecret['kind']> {
  return sealedFor(await readHeader(await withoutArmor(source)))
}

/** Opens a file with the user's secret. @throws ProtocolError `AgeErrorCode`. */
export async function openAgeFile(source: ByteSource, secret: OpeningSecret): Promise<AgeFile> {
  const binary = await withoutArmor(source)
  const header = await readHeader(binary)
  return ageFileUnder(binary, header.length, await openFileKey(header, secret))
}

/** The file after a header of `headerBytes`, under a file key that is known. @throws ProtocolError `age-altered`. */
export async function ageFileUnder(source: ByteSource, headerBytes: number, fileKey: Uint8Array): Promise<AgeFile> {
  const nonce = await source.read(headerBytes, payloadNonceBytes)
  if (nonce.length !== payloadNonceBytes) throw ageError('age-altered', 'nonce')
  const cipher = payloadCipher(fileKey, nonce)
  const start = headerBytes + payloadNonceBytes
  return { sealedBytes: source.size - start, walk: () => walkPayload(source, start, cipher) }
}

async function* walkPayload(source: ByteSource, start: number, cipher: ChunkCipher): AsyncGenerator<Uint8Array> {
  const count = chunkCount(source.size - start)
  for (let index = 0; index < count; index += readAhead) {
    const wanted = Math.min(readAhead, count - index) * sealedChunkBytes
    const sealed = await source.read(start + index * sealedChunkBytes, wanted)
    for (let at = 0; at * sealedChunkBytes < wanted && index + at < count; at++) {
      const chunk = sealed.subarray(at * sealedChunkBytes, (at + 1) * sealedChunkBytes)
      yield openPayloadChunk(cipher, { index: index + at, count }, chunk)
    }
  }
}
