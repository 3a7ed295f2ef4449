/** An export while it is written: an age file around a tar file, under a temporary name until it was read back. */
import { createHash } from 'node:crypto'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { storageFailure } from '#main/history/sqlite-failure.ts'
import { syncDirectory } from '#main/platform/atomic-file.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { toHex } from '#shared/bytes/bytes.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { ageFileUnder, type AgeFile } from '../age/age-reader.ts'
import { AgeWriter } from '../age/age-writer.ts'
import { openFileSource } from '../age/byte-source.ts'
import { sealFileKey, type Protection } from '../age/header.ts'
import type { ManifestPart } from '../format/manifest.ts'
import { blockBytes, encodeTarHeader, paddingOf } from '../tar/ustar.ts'

/** Suffix of an export that is not finished. */
export const temporarySuffix = '.sotto-part'

export interface ExportFileOptions {
  /** Where the export will stand; a file of that name is replaced at the end. */
  readonly target: string
  readonly protection: Protection
  readonly random: RandomPort
}

export class ExportFile {
  readonly #target: string
  readonly #temporary: string
  readonly #handle: FileHandle
  readonly #writer: AgeWriter
  readonly #header: Uint8Array
  readonly #fileKey: Uint8Array
  readonly #parts: ManifestPart[] = []
  #open = true

  private constructor(
    options: ExportFileOptions,
    sealed: { header: Uint8Array; fileKey: Uint8Array },
    handle: FileHandle,
  ) {
    this.#target = options.target
    this.#temporary = temporaryOf(options.target)
    this.#handle = handle
    this.#header = sealed.header
    this.#fileKey = sealed.fileKey
    this.#writer = new AgeWriter({ handle, ...sealed, random: options.random })
  }

  /** @throws ProtocolError `age-malformed` for a recipient that is none; SottoError `disk-full`, `disk-failed`. */
  static async create(options: ExportFileOptions): Promise<ExportFile> {
    const sealed = await sealFileKey(options.protection, options.random)
    const temporary = temporaryOf(options.target)
    await rm(temporary, { force: true })
    const handle = await onDisk(() => open(temporary, 'wx', 0o600))
    return new ExportFile(options, sealed, handle)
  }

  /** What was written so far, for the manifest. */
  get parts(): readonly ManifestPart[] {
    return this.#parts
  }

  /** Adds a part that is at hand. */
  async add(name: string, bytes: Uint8Array): Promise<ManifestPart> {
    return this.addStream({ name, size: bytes.length }, [bytes])
  }

  /** Adds a part of `size` bytes. @throws whatever `source` throws; Error when it yields another number of bytes. */
  async addStream(
    { name, size, ...more }: { readonly name: string; readonly size: number; readonly prefix?: string },
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<ManifestPart> {
    const hash = createHash('sha256')
    let written = 0
    await this.#write(encodeTarHeader({ name, size }))
    for await (const bytes of source) {
      hash.update(bytes)
      written += bytes.length
      await this.#write(bytes)
    }
    if (written !== size) throw new Error('broken invariant: a part has the size its header says')
    await this.#write(new Uint8Array(paddingOf(size)))
    const part = { name, size, sha256: toBase64Url(hash.digest()), ...more }
    this.#parts.push(part)
    return part
  }

  /** Ends the file; its bytes are on the disk when it resolves. */
  async finish(): Promise<void> {
    await this.#write(new Uint8Array(2 * blockBytes))
    await onDisk(async () => {
      await this.#writer.finish()
      await this.#handle.sync()
    })
    await this.#close()
  }

  /** Reads what {@link finish} wrote, from the disk. */
  async readBack<T>(read: (file: AgeFile) => Promise<T>): Promise<T> {
    const source = await openFileSource(this.#temporary)
    try {
      const start = await source.read(0, this.#header.length)
      if (Buffer.compare(start, this.#header) !== 0)
        throw storageFailure(Object.assign(new Error('header'), { code: 'EIO', syscall: 'read' }))
      return await read(await ageFileUnder(source, this.#header.length, this.#fileKey))
    } finally {
      await source.close()
    }
  }

  /** Gives the file its name, durably. */
  async publish(): Promise<void> {
    await onDisk(async () => {
      await rename(this.#temporary, this.#target)
      await syncDirectory(path.dirname(this.#target))
    })
    this.#fileKey.fill(0)
  }

  /** Leaves nothing behind. */
  async abandon(): Promise<void> {
    await this.#close().catch(() => undefined)
    this.#fileKey.fill(0)
    await rm(this.#temporary, { force: true })
  }

  async #close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.#handle.close()
  }

  #write(bytes: Uint8Array): Promise<void> {
    return onDisk(() => this.#writer.write(bytes))
  }
}

/** Beside the target, on the same file system; a second export to the same name replaces what the first left. */
export function temporaryOf(target: string): string {
  const name = createHash('sha256').update(path.basename(target)).digest().subarray(0, 6)
  return path.join(path.dirname(target), `.${toHex(name)}${temporarySuffix}`)
}

/** Whether a path is one that {@link temporaryOf} gives. */
export function isTemporary(file: string): boolean {
  return /^\.[0-9a-f]{12}$/.test(path.basename(file, temporarySuffix)) && file.endsWith(temporarySuffix)
}

async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw storageFailure(error)
  }
}
