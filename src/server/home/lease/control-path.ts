import { createHash } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

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
  mkdirSync(own, { recursive: true, mode: 0o700 })
  // Somebody else may have made it first, or a link to elsewhere: only what is ours is touched.
  const found = lstatSync(own)
  if (!found.isDirectory() || found.uid !== uid) throw new Error('temporary directory belongs to somebody else')
  chmodSync(own, 0o700)
  return join(own, `${name}.sock`)
}
