/** Attachments as sealed bytes, without their keys: read to be handed to another device of the person, and taken in from one. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { attachmentFile, openSealed } from './attachment-store.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import { attachmentIdOf } from '#shared/model/derive-ids.ts'
import type { AttachmentId } from '#shared/model/ids.ts'
import { makeFolderDurably, syncDirectory } from '#main/platform/atomic-file.ts'
import { storageFailure } from '../sqlite-failure.ts'

export class SealedFiles {
  readonly #folder: string
  readonly #suffix: string

  /** `suffix` = of names of what is not whole yet: whoever takes files in beside somebody else has one of their own. */
  constructor(folder: string, suffix = '.part') {
    this.#folder = folder
    this.#suffix = suffix
  }

  /** Up to `length` bytes from `offset`, and the size of the whole; null when the file is not here. */
  async read(
    id: AttachmentId,
    offset: number,
    length: number,
  ): Promise<{ readonly bytes: Uint8Array; readonly size: number } | null> {
    const handle = await this.#open(attachmentFile(this.#folder, id), 'r')
    if (handle === null) return null
    try {
      const { size } = await handle.stat()
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)))
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset)
      return { bytes: bytes.subarray(0, bytesRead), size }
    } finally {
      await handle.close()
    }
  }

  /**
   * Goes on with a file that comes from another device; at offset 0 it begins anew.
   * @throws SottoError `invalid-argument` where what came before is not here; `disk-full`, `disk-failed`.
   */
  async append(id: AttachmentId, offset: number, bytes: Uint8Array): Promise<void> {
    try {
      makeFolderDurably(this.#folder)
      const handle = await this.#open(this.#partOf(id), offset === 0 ? 'w' : 'r+')
      if (handle === null) throw new SottoError('invalid-argument')
      try {
        if ((await handle.stat()).size !== offset) throw new SottoError('invalid-argument')
        await writeAll(handle, bytes, offset)
      } finally {
        await handle.close()
      }
    } catch (error) {
      throw storageFailure(error)
    }
  }

  /** Bytes of a file that is not whole yet. */
  async begun(id: AttachmentId): Promise<number> {
    try {
      return (await stat(this.#partOf(id))).size
    } catch (error) {
      if (isMissing(error)) return 0
      throw storageFailure(error)
    }
  }

  /**
   * Gives a file its name, once it is the one that its id names, and opens with `key` if there is one; durable when it resolves.
   * @throws SottoError `invalid-argument` where it is not, and then it is gone; `disk-full`, `disk-failed`.
   */
  async finish(id: AttachmentId, key: Uint8Array | null = null): Promise<void> {
    const part = this.#partOf(id)
    try {
      const hash = createHash('sha256')
      for await (const bytes of createReadStream(part)) hash.update(bytes as Uint8Array)
      const isRight = attachmentIdOf(hash.digest()) === id && (key === null || (await opens(part, key)))
      if (!isRight) {
        await rm(part, { force: true })
        throw new SottoError('invalid-argument')
      }
      const handle = await open(part, 'r+')
      await handle.sync().finally(() => handle.close())
      await rename(part, attachmentFile(this.#folder, id))
      await syncDirectory(this.#folder)
    } catch (error) {
      throw storageFailure(error)
    }
  }

  /** Swept at the next start if it is never finished. */
  #partOf(id: AttachmentId): string {
    return `${attachmentFile(this.#folder, id)}${this.#suffix}`
  }

  async #open(file: string, flags: 'r' | 'r+' | 'w'): Promise<FileHandle | null> {
    try {
      return await open(file, flags, 0o600)
    } catch (error) {
      if (isMissing(error)) return null
      throw storageFailure(error)
    }
  }
}

/** Whether every chunk of a sealed file is authentic under this key. */
async function opens(file: string, key: Uint8Array): Promise<boolean> {
  const handle = await open(file, 'r')
  try {
    for await (const bytes of openSealed(handle, key)) bytes.fill(0)
    return true
  } catch (error) {
    if (error instanceof ProtocolError) return false
    throw error
  } finally {
    await handle.close()
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  let written = 0
  while (written < bytes.length)
    written += (await handle.write(bytes, written, bytes.length - written, at + written)).bytesWritten
}
