import { open, readdir, rm, stat } from 'node:fs/promises'
import { syncDirectory, writeFileAtomically } from '#main/platform/atomic-file.ts'
import { systemRandom } from '#main/platform/system-random.ts'

/** The disk as erasing needs it. Every call is durable when it resolves. */
export interface EraseFiles {
  /** Names in a folder; none where there is no folder. */
  readonly list: (folder: string) => Promise<readonly string[]>
  /** Makes an empty file. */
  readonly mark: (file: string) => Promise<void>
  /** Writes noise over the bytes of a file, as far as the file system lets them be reached. */
  readonly overwrite: (file: string) => Promise<void>
  /** Removes a file, or a folder with all in it; nothing where there is none. */
  readonly remove: (file: string) => Promise<void>
  readonly sync: (folder: string) => Promise<void>
}

/** The real disk. */
export const systemFiles: EraseFiles = {
  list: (folder) => readdir(folder).catch(() => []),
  mark: (file) => writeFileAtomically(file, new Uint8Array()),
  overwrite: async (file) => {
    const { size } = await stat(file)
    const handle = await open(file, 'r+')
    try {
      await handle.write(systemRandom.bytes(size), 0, size, 0)
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  remove: (file) => rm(file, { recursive: true, force: true }),
  sync: syncDirectory,
}
