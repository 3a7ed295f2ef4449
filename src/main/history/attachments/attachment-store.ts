/**
 * Encrypted attachments on disk, each under its own key, named by the hash of its ciphertext. Reading and writing stream: no
 * more than a chunk is in memory.
 */
import { createHash, type Hash } from 'node:crypto'
import { open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { toHex } from '#shared/bytes/bytes.ts'
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import { attachmentIdOf } from '#shared/model/derive-ids.ts'
import type { AttachmentId } from '#shared/model/ids.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { makeFolderDurably, syncDirectory } from '#main/platform/atomic-file.ts'
import { storageFailure } from '../sqlite-failure.ts'
import {
  attachmentKeyBytes,
  checkHeader,
  chunkBytes,
  encodeHeader,
  headerBytes,
  layoutOf,
  noncePrefixBytes,
  noncePrefixOf,
  openChunk,
  paddingOf,
  sealChunk,
  sealedChunkBytes,
  sizeIn,
  type SealedErrorCode,
} from './sealed-format.ts'

/** What an entry keeps of an attachment; without the key the file is noise. */
export interface StoredAttachment {
  readonly id: AttachmentId
  readonly key: Uint8Array
  /** Plain size, bytes. */
  readonly size: number
}

const temporarySuffix = '.part'

export class AttachmentStore {
  readonly #folder: string
  readonly #random: RandomPort

  /** `folder` is made with the first attachment. */
  constructor(folder: string, random: RandomPort) {
    this.#folder = folder
    this.#random = random
  }

  /**
   * Seals what `source` yields under a fresh key; durable when it resolves. On failure nothing stays.
   * @throws SottoError `disk-full`, `disk-failed`, and whatever `source` throws.
   */
  async write(source: AsyncIterable<Uint8Array>): Promise<StoredAttachment> {
    const key = this.#random.bytes(attachmentKeyBytes)
    return { key, ...(await this.#put(key, source, null)) }
  }

  /**
   * Seals again what an export holds, with the same key and nonce prefix, so that it is the file its id names; durable when it
   * resolves. On failure nothing stays.
   * @throws ProtocolError `attachment-forged` when it is not; SottoError `disk-full`, `disk-failed`; whatever `source` throws.
   */
  async restore(
    attachment: Pick<StoredAttachment, 'id' | 'key'> & { readonly noncePrefix: Uint8Array },
    source: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    await this.#put(attachment.key, source, attachment)
  }

  /** Seals into a temporary file that gets its name last; `wanted` = what it has to become. */
  async #put(
    key: Uint8Array,
    source: AsyncIterable<Uint8Array>,
    wanted: { readonly id: AttachmentId; readonly noncePrefix: Uint8Array } | null,
  ): Promise<{ readonly id: AttachmentId; readonly size: number }> {
    const temporary = path.join(this.#folder, `${toHex(this.#random.bytes(16))}${temporarySuffix}`)
    try {
      makeFolderDurably(this.#folder)
      const { hash, size } = await this.#seal(temporary, key, source, wanted?.noncePrefix)
      const id = attachmentIdOf(hash.digest())
      if (wanted !== null && id !== wanted.id) throw new ProtocolError<SealedErrorCode>('attachment-forged')
      await rename(temporary, this.#fileOf(id))
      await syncDirectory(this.#folder)
      return { id, size }
    } catch (error) {
      await rm(temporary, { force: true })
      throw storageFailure(error)
    }
  }

  /** Plain size and nonce prefix of a stored attachment; null when it is not here. @throws ProtocolError for what is none. */
  async facts({ id, key }: Pick<StoredAttachment, 'id' | 'key'>): Promise<{
    readonly size: number
    readonly noncePrefix: Uint8Array
  } | null> {
    const handle = await this.#openIfHere(id)
    if (handle === null) return null
    try {
      const { header, size } = await headOf(handle, key)
      return { size, noncePrefix: noncePrefixOf(header) }
    } finally {
      await handle.close()
    }
  }

  /** Whether the file is here, whatever is in it. */
  async has(id: AttachmentId): Promise<boolean> {
    const handle = await this.#openIfHere(id)
    await handle?.close()
    return handle !== null
  }

  async #seal(
    file: string,
    key: Uint8Array,
    source: AsyncIterable<Uint8Array>,
    noncePrefix = this.#random.bytes(noncePrefixBytes),
  ): Promise<{ hash: Hash; size: number }> {
    const handle = await open(file, 'wx', 0o600)
    try {
      const hash = createHash('sha256')
      const plain = padded(source)
      const put = async (bytes: Uint8Array): Promise<void> => {
        hash.update(bytes)
        await handle.writeFile(bytes)
      }
      const header = encodeHeader(noncePrefix)
      await put(header)
      for await (const chunk of inChunks(plain.bytes)) await put(sealChunk(key, header, chunk))
      await handle.sync()
      return { hash, size: plain.size() }
    } finally {
      await handle.close()
    }
  }

  /**
   * Plain bytes of an attachment, or of `[start, end)` of it, chunk by chunk, each only after it was authenticated.
   * @throws ProtocolError with a {@link SealedErrorCode}; SottoError `not-found`, `disk-failed`.
   */
  async *read(
    attachment: Pick<StoredAttachment, 'id' | 'key'>,
    range?: { readonly start: number; readonly end: number },
  ): AsyncGenerator<Uint8Array> {
    const handle = await this.#openFile(attachment.id)
    try {
      yield* openSealed(handle, attachment.key, range)
    } finally {
      await handle.close()
    }
  }

  /** Whether the stored bytes are those the id names; reads the whole file. */
  async isIntact(id: AttachmentId): Promise<boolean> {
    const handle = await this.#openFile(id)
    const hash = createHash('sha256')
    for await (const bytes of handle.createReadStream()) hash.update(bytes as Uint8Array)
    return attachmentIdOf(hash.digest()) === id
  }

  /**
   * Removes what no entry names any more, and what a crash left half written; returns how many files went. Only at start:
   * an attachment that is being written has no entry yet.
   */
  async sweep(referenced: ReadonlySet<AttachmentId>): Promise<number> {
    const names = await this.#names()
    const orphans = names.filter((name) => !referenced.has(name as AttachmentId))
    for (const name of orphans) await rm(path.join(this.#folder, name), { force: true })
    return orphans.length
  }

  /** Bytes on disk of all attachments. */
  async totalBytes(): Promise<number> {
    let total = 0
    for (const name of await this.#names()) total += (await stat(path.join(this.#folder, name))).size
    return total
  }

  async #names(): Promise<readonly string[]> {
    try {
      return await readdir(this.#folder)
    } catch (error) {
      if (isMissing(error)) return []
      throw storageFailure(error)
    }
  }

  #fileOf(id: AttachmentId): string {
    return attachmentFile(this.#folder, id)
  }

  async #openIfHere(id: AttachmentId): Promise<FileHandle | null> {
    try {
      return await this.#openFile(id)
    } catch (error) {
      if (error instanceof SottoError && error.code === 'not-found') return null
      throw error
    }
  }

  async #openFile(id: AttachmentId): Promise<FileHandle> {
    const file = this.#fileOf(id)
    try {
      return await open(file, 'r')
    } catch (error) {
      throw isMissing(error) ? new SottoError('not-found') : storageFailure(error)
    }
  }
}

/** Where an attachment lies. @throws SottoError `invalid-argument` for what is no id. */
export function attachmentFile(folder: string, id: AttachmentId): string {
  // Ids come from entries, and entries from afar: only a hash is ever part of a path.
  if (fromBase64Url(id)?.length !== 32) throw new SottoError('invalid-argument')
  return path.join(folder, id)
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

interface Chunk {
  readonly index: number
  readonly final: boolean
  readonly bytes: Uint8Array
}

/** An attachment with what is sealed behind it; its size is known once all was read. */
function padded(source: AsyncIterable<Uint8Array>): { bytes: AsyncIterable<Uint8Array>; size: () => number } {
  let size = 0
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of source) {
      size += piece.length
      yield piece
    }
    const { zeros, end } = paddingOf(size)
    for (let left = zeros; left > 0; left -= chunkBytes) yield new Uint8Array(Math.min(left, chunkBytes))
    yield end
  }
  return { bytes: bytes(), size: () => size }
}

/** Cuts a stream into full chunks; the last one is marked. */
async function* inChunks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Chunk> {
  let buffer = new Uint8Array(chunkBytes)
  let [filled, index] = [0, 0]
  for await (const bytes of source) {
    let rest = bytes
    while (rest.length > 0) {
      if (filled === chunkBytes) {
        yield { index: index++, final: false, bytes: buffer }
        buffer = new Uint8Array(chunkBytes)
        filled = 0
      }
      const part = rest.subarray(0, chunkBytes - filled)
      buffer.set(part, filled)
      filled += part.length
      rest = rest.subarray(part.length)
    }
  }
  yield { index, final: true, bytes: buffer.subarray(0, filled) }
}

/**
 * Plain bytes of a sealed file, or of `[start, end)` of it, chunk by chunk, each only after it was authenticated.
 * @throws ProtocolError with a {@link SealedErrorCode}.
 */
export async function* openSealed(
  handle: FileHandle,
  key: Uint8Array,
  range?: { readonly start: number; readonly end: number },
): AsyncGenerator<Uint8Array> {
  const { header, chunks, size, last } = await headOf(handle, key)
  const start = Math.max(0, range?.start ?? 0)
  const end = Math.min(size, range?.end ?? size)
  for (let index = Math.floor(start / chunkBytes); index * chunkBytes < end; index++) {
    const isLast = index === chunks - 1
    const plain = isLast ? last : await readChunk(handle, key, { header, index, chunks })
    const base = index * chunkBytes
    const part = plain.subarray(Math.max(0, start - base), Math.max(0, end - base))
    if (part.length > 0) yield part
  }
}

interface SealedHead {
  readonly header: Uint8Array
  readonly chunks: number
  readonly size: number
  /** The last chunk, opened: it proves that the file was not cut. */
  readonly last: Uint8Array
}

async function headOf(handle: FileHandle, key: Uint8Array): Promise<SealedHead> {
  const layout = layoutOf((await handle.stat()).size)
  if (layout === null) throw new ProtocolError<SealedErrorCode>('attachment-malformed')
  const { chunks, paddedBytes } = layout
  const header = await readExactly(handle, 0, headerBytes)
  checkHeader(header)
  const last = await readChunk(handle, key, { header, index: chunks - 1, chunks })
  return { header, chunks, last, size: sizeIn(last, paddedBytes) }
}

async function readChunk(
  handle: FileHandle,
  key: Uint8Array,
  at: { readonly header: Uint8Array; readonly index: number; readonly chunks: number },
): Promise<Uint8Array> {
  const final = at.index === at.chunks - 1
  const sealed = await readExactly(handle, headerBytes + at.index * sealedChunkBytes, sealedChunkBytes)
  return openChunk(key, at.header, { index: at.index, final, sealed })
}

/** Up to `length` bytes from `offset`: fewer only at the end of the file. */
async function readExactly(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}
