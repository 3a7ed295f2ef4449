/** Erases a profile for good: first its keys, so that what follows cannot be read any more, then everything else. */
import path from 'node:path'
import { SottoError } from '#shared/errors.ts'
import type { ProfilePaths } from '#main/platform/profile-paths.ts'
import { belongsTo, isKeychainSeal } from './disk-holdings.ts'
import type { EraseFiles } from './erase-files.ts'

/**
 * Erases everything of a profile whose history is closed. From the mark on there is no way back: whoever starts the
 * profile next finishes it.
 * @throws SottoError `disk-full`, `disk-failed`: without the mark nothing was erased; with it {@link finishErasing} goes on.
 */
export async function eraseProfile(paths: ProfilePaths, files: EraseFiles): Promise<void> {
  await told(() => files.mark(paths.erasing))
  await finishErasing(paths, files)
}

/**
 * Finishes what was begun and not ended. Returns whether there was anything to finish.
 * @throws SottoError `disk-full`, `disk-failed`
 */
export async function finishErasing(paths: ProfilePaths, files: EraseFiles): Promise<boolean> {
  return told(async () => {
    const names = await files.list(paths.profile)
    if (!names.includes(path.basename(paths.erasing))) return false
    const secret = names.filter((name) => belongsTo(name, path.basename(paths.keys)) || isKeychainSeal(name))
    for (const name of secret) await files.overwrite(path.join(paths.profile, name))
    await removeAll(paths, secret, files)
    await removeAll(paths, names.filter(isOurs(paths)), files)
    // Last, and only when all that is durable: until then a start goes on from here.
    await removeAll(paths, [path.basename(paths.erasing)], files)
    return true
  })
}

async function removeAll({ profile }: ProfilePaths, names: readonly string[], files: EraseFiles): Promise<void> {
  for (const name of names) await files.remove(path.join(profile, name))
  await files.sync(profile)
}

/** Everything the program lays down in the folder, but the lock that this process holds and the mark. */
function isOurs(paths: ProfilePaths): (name: string) => boolean {
  const kept = [paths.profile, paths.lock, paths.erasing]
  const own = Object.values<string>({ ...paths }).filter(
    (file) => path.dirname(file) === paths.profile && !kept.includes(file),
  )
  const bases = own.map((file) => path.basename(file))
  return (name) => bases.some((base) => belongsTo(name, base))
}

async function told<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
    throw new SottoError(full ? 'disk-full' : 'disk-failed', {}, error)
  }
}
