import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { open, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'

/** Temporary name beside `file`; one writer per file, so a constant suffix cannot collide. */
const temporary = (file: string): string => `${file}.new`

/**
 * Replaces a file as a whole, durably: after a crash there is either the old content or the new one. Mode 0600.
 * @throws the system's error; the old content is then untouched, or the new one is there and may not outlive a power cut.
 */
export async function writeFileAtomically(file: string, bytes: Uint8Array): Promise<void> {
  try {
    const handle = await open(temporary(file), 'w', 0o600)
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary(file), file)
  } catch (error) {
    await rm(temporary(file), { force: true })
    throw error
  }
  await syncDirectory(path.dirname(file))
}

/** Makes names in a directory durable; Windows has no such call and needs none. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Makes a folder and those above it, each with a name that outlives a power cut. Mode 0700.
 * @throws the system's error.
 */
export function makeFolderDurably(folder: string): void {
  const first = mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = folder; made.length >= first.length; made = path.dirname(made)) syncDirectoryNow(path.dirname(made))
}

/** As {@link syncDirectory}, before it returns. */
export function syncDirectoryNow(directory: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(directory, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Content of a file, or null when there is none. */
export async function readFileIfPresent(file: string): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await readFile(file))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
