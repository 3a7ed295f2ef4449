/** The cipher that protects the pages of a history file (docs/decisions/0009). */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import type { Database } from 'better-sqlite3'
import { wipe } from '#shared/bytes/bytes.ts'
import { newSecret } from '#shared/bytes/secret.ts'
import { SottoError } from '#shared/errors.ts'

/** `aegis` protects every new file; `sqlcipher` those begun before that was decided. */
export type PageCipher = 'aegis' | 'sqlcipher'

export const databaseKeyBytes = 32
const pageBytes = 4096
/** Of the first page, these bytes of SQLite's header stay as they are (size of a page, room for the tag, three constants). */
const clear = { at: 16, bytes: [pageBytes >> 8, pageBytes & 255, null, null, 64, 64, 32, 32] } as const
const hexDigits = '0123456789abcdef'

/** Looks at the file without opening it: no connection has the wrong cipher at a file that may have a log beside it. */
export function pageCipherOf(path: string): PageCipher {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size === 0) return 'aegis'
  const header = new Uint8Array(clear.bytes.length)
  const file = openSync(path, 'r')
  try {
    readSync(file, header, 0, header.length, clear.at)
  } finally {
    closeSync(file)
  }
  // Zeros: the power was cut before the first page was written.
  if (header.every((byte) => byte === 0)) return 'aegis'
  return clear.bytes.every((byte, index) => byte === null || byte === header[index]) ? 'aegis' : 'sqlcipher'
}

/**
 * Gives a connection its cipher and key, before anything is read.
 * @param key - 32 bytes, used as they are; stays the caller's to wipe.
 */
export function unlock(db: Database, cipher: PageCipher, key: Uint8Array): void {
  if (key.length !== databaseKeyBytes) throw new SottoError('invalid-argument')
  db.pragma(`cipher = '${cipher}'`)
  db.pragma(cipher === 'aegis' ? "algorithm = 'aegis-256'" : 'legacy = 4')
  const raw = rawKeyText(key)
  // Not in the types of the package; as bytes, so that the key can be wiped afterwards.
  const { key: setKey } = db as unknown as { key: (this: Database, key: Buffer) => number }
  setKey.call(db, raw)
  wipe(raw)
}

/** `x'<hex>'` in bytes: as a string it could not be wiped. */
function rawKeyText(key: Uint8Array): Buffer<ArrayBuffer> {
  const text = Buffer.from(newSecret(2 * key.length + 3).buffer)
  text.write("x'")
  for (const [index, byte] of key.entries()) {
    text[2 * index + 2] = hexDigits.charCodeAt(byte >> 4)
    text[2 * index + 3] = hexDigits.charCodeAt(byte & 15)
  }
  text.write("'", text.length - 1)
  return text
}
