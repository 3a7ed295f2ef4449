import path from 'node:path'
import { makeFolderDurably } from './atomic-file.ts'

/** Where a profile and what it shares with others lie on disk. */
export interface ProfilePaths {
  readonly profile: string
  readonly database: string
  readonly keys: string
  readonly lock: string
  readonly attachments: string
  readonly log: string
  readonly homeServer: string
}

/** Lays out a profile under `data`; folders are made for the owner only. */
export function preparePaths(data: string, profile: string): ProfilePaths {
  const folder = path.join(data, 'profiles', profile)
  makeFolderDurably(folder)
  return {
    profile: folder,
    database: path.join(folder, 'history.db'),
    keys: path.join(folder, 'keys.json'),
    lock: path.join(folder, 'profile.lock'),
    attachments: path.join(folder, 'attachments'),
    log: path.join(folder, 'sotto.log'),
    homeServer: path.join(data, 'home-server'),
  }
}
