import { createHash } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { ensurePrivateDirectory } from '../data-dir/private-file.ts'

/** `sun_path` holds 108 bytes on Linux, 104 on macOS, with the final NUL. */
const longestSocketPath = 100

/**
 * Where the control socket of a data directory is: in the directory; where its path is too long for a socket, in a
 * directory of the user's own below the temporary one; on Windows a named pipe.
 */
export function controlPathOf(directory: string): string {
  const name = createHash('sha256').update(directory).digest('hex').slice(0, 24)
  if (process.platform === 'win32') return `\\\\.\\pipe\\sotto-home-${name}`
  const inside = join(directory, 'control.sock')
  if (Buffer.byteLength(inside) <= longestSocketPath) return inside
  const { uid } = userInfo()
  const own = join(tmpdir(), `sotto-home-${uid}`)
  ensurePrivateDirectory(own)
  // Somebody else may have made the directory first.
  const found = lstatSync(own)
  if (!found.isDirectory() || found.uid !== uid) throw new Error('temporary directory belongs to somebody else')
  return join(own, `${name}.sock`)
}
