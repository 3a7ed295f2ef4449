import { open, type FileHandle } from 'node:fs/promises'
import { storageFailure } from '#main/history/sqlite-failure.ts'
import { SottoError } from '#shared/errors.ts'

/** Bytes that can be read at any place, as often as needed. */
export interface ByteSource {
  readonly size: number
  /** Up to `length` bytes from `offset`; fewer only at the end. @throws SottoError `disk-failed`. */
  read(offset: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** A regular file, held open: another file under its name does not become part of it. @throws SottoError `not-found`, `disk-failed`. */
export async function openFileSource(path: string): Promise<ByteSource> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw isMissing(error) ? new SottoError('not-found') : storageFailure(error)
  })
  const facts = await handle.stat()
  if (!facts.isFile()) {
    await handle.close()
    throw new SottoError('not-found')
  }
  return { size: facts.size, read: (offset, length) => readUpTo(handle, offset, length), close: () => handle.close() }
}

/** Bytes in memory. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
    close: () => Promise.resolve(),
  }
}

async function readUpTo(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled).catch((error: unknown) => {
      throw storageFailure(error)
    })
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
