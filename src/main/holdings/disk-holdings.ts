/** What lies in the folder of a profile: always a new look, never what somebody remembers. */
import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { type Amount, type DiskHoldings, type FileUse, fileUses, noAmounts, sumOf } from '#shared/model/holdings.ts'
import type { ProfilePaths } from '#main/platform/profile-paths.ts'

/** A file of the profile, by its name inside the folder. */
export interface DiskFile {
  readonly name: string
  readonly bytes: number
  readonly use: FileUse
}

/** Every file under the profile's folder. */
export async function diskFiles(paths: ProfilePaths): Promise<readonly DiskFile[]> {
  const files = await filesUnder(paths.profile)
  return files.map(({ name, bytes }) => ({ name, bytes, use: useOf(paths, name) }))
}

/** The same in counts and bytes, and the home server beside it. */
export async function diskHoldings(paths: ProfilePaths): Promise<DiskHoldings> {
  const uses = noAmounts(fileUses)
  for (const { use, bytes } of await diskFiles(paths)) uses[use] = sumOf(uses[use], { count: 1, bytes })
  const server = await filesUnder(paths.homeServer)
  const homeServer = server.reduce<Amount>((sum, { bytes }) => sumOf(sum, { count: 1, bytes }), { count: 0, bytes: 0 })
  return { folder: paths.profile, uses, homeServer: homeServer.count === 0 ? null : homeServer }
}

async function filesUnder(folder: string): Promise<readonly { readonly name: string; readonly bytes: number }[]> {
  const found = await readdir(folder, { withFileTypes: true, recursive: true }).catch((): Dirent[] => [])
  const files = found.filter((entry) => !entry.isDirectory())
  return Promise.all(
    files.map(async (entry) => {
      const file = path.join(entry.parentPath, entry.name)
      const bytes = await stat(file).then(
        ({ size }) => size,
        () => 0,
      )
      return { name: path.relative(folder, file), bytes }
    }),
  )
}

function useOf(paths: ProfilePaths, name: string): FileUse {
  const top = name.split(path.sep)[0] ?? name
  const is = (file: string): boolean => belongsTo(top, path.basename(file))
  if (is(paths.database)) return 'history'
  if (is(paths.keys)) return 'keys'
  if (is(paths.attachments)) return 'attachments'
  if (is(paths.log)) return 'log'
  if (is(paths.lock) || is(paths.erasing)) return 'lock'
  return isKeychainSeal(top) ? 'keychain' : 'other'
}

/** Whether a name is that of a file, or of what is written beside it (`-wal`, `.new`, `.1`). */
export function belongsTo(name: string, file: string): boolean {
  return name === file || name.startsWith(`${file}-`) || name.startsWith(`${file}.`)
}

/** Whether a name is that of a secret that the keychain sealed. */
export function isKeychainSeal(name: string): boolean {
  return name.startsWith('keychain-')
}
