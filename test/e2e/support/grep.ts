import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { constants, gunzipSync } from 'node:zlib'

const gzipMagic = Buffer.from([0x1f, 0x8b, 0x08])

/** A text as UTF-8, as UTF-16LE, and what base64 makes of it wherever it stands in a longer text. */
function formsOf(needle: string): readonly Buffer[] {
  const bytes = Buffer.from(needle, 'utf8')
  const base64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
    // The first and the last characters also say what stands beside it.
    return Buffer.from(text.slice(shift === 0 ? 0 : 4, -4))
  })
  return [bytes, Buffer.from(needle, 'utf16le'), ...base64]
}

/** The bytes, and what is compressed in them. */
function inflated(bytes: Buffer): readonly Buffer[] {
  const found = [bytes]
  for (let at = bytes.indexOf(gzipMagic); at >= 0; at = bytes.indexOf(gzipMagic, at + 1)) {
    try {
      found.push(gunzipSync(bytes.subarray(at), { finishFlush: constants.Z_SYNC_FLUSH }))
    } catch {
      // Three bytes that happened to look so.
    }
  }
  return found
}

/** Files under `folder` that contain any needle, in any of the forms that programs write texts in, compressed or not. */
export function filesContaining(folder: string, needles: readonly string[]): readonly string[] {
  if (!existsSync(folder)) return []
  const wanted = needles.flatMap(formsOf)
  const found: string[] = []
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const file = path.join(entry.parentPath, entry.name)
    try {
      const forms = inflated(readFileSync(file))
      if (wanted.some((needle) => forms.some((bytes) => bytes.includes(needle)))) found.push(file)
    } catch {
      // A file that went away while the program runs holds nothing.
    }
  }
  return found
}

/** Number of files under a folder: a search of nothing proves nothing. */
export function countFiles(folder: string): number {
  if (!existsSync(folder)) return 0
  return readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile()).length
}
