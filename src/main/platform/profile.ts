import { chmodSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { SottoError } from '#shared/errors.ts'

/** Where everything of one profile lies. Nothing else is written below `root` by Sotto's own code. */
export interface ProfileLayout {
  readonly root: string
  /** Encrypted database; SQLite adds `-wal` and `-shm`. */
  readonly database: string
  /** Wrapped database key, one wrap per rung. */
  readonly keys: string
  /** Folder of encrypted attachments. */
  readonly attachments: string
  /** Held by the process that uses the profile. */
  readonly lock: string
}

/** Paths of the profile `name` below the data folder. */
export function profileLayout(dataFolder: string, name: string): ProfileLayout {
  const root = path.join(dataFolder, 'profiles', name)
  return {
    root,
    database: path.join(root, 'history.db'),
    keys: path.join(root, 'keys.json'),
    attachments: path.join(root, 'attachments'),
    lock: path.join(root, 'lock'),
  }
}

/**
 * Makes the folders of a profile, readable by their owner only.
 * @throws SottoError `disk-full`, `disk-failed`.
 */
export function makeProfileFolders(layout: ProfileLayout): void {
  try {
    for (const folder of [layout.root, layout.attachments]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      // A folder that was there before may be wider open.
      if (process.platform !== 'win32') chmodSync(folder, 0o700)
    }
  } catch (error) {
    const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
    throw new SottoError(full ? 'disk-full' : 'disk-failed', {}, error)
  }
}
