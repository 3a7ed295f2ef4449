import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** Files under `folder` that contain any needle as UTF-8 or UTF-16LE bytes. */
export function filesContaining(folder: string, needles: readonly string[]): readonly string[] {
  if (!existsSync(folder)) return []
  const wanted = needles.flatMap((needle) => [Buffer.from(needle, 'utf8'), Buffer.from(needle, 'utf16le')])
  const found: string[] = []
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const file = path.join(entry.parentPath, entry.name)
    try {
      const bytes = readFileSync(file)
      if (wanted.some((needle) => bytes.includes(needle))) found.push(file)
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
