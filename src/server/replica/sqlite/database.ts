/** Databases of the store: in clear, for what they hold is sealed; a commit is on the disk when it returns. */
import BetterSqlite, { type Database } from 'better-sqlite3'
import { chmodSync, closeSync, existsSync, fsyncSync, openSync } from 'node:fs'
import { SottoError } from '#shared/errors.ts'

/** One process has a directory: waiting longer, ms, means that another one has it too. */
const busyMs = 2000
const version = 1

/** Opens a database, or makes it with this schema. */
export type OpenDatabase = (path: string, schema: string) => Database

export const openDatabase: OpenDatabase = (path, schema) => {
  const db = new BetterSqlite(path, { timeout: busyMs })
  try {
    chmodSync(path, 0o600)
    const pragmas = ['journal_mode = WAL', 'synchronous = FULL', 'secure_delete = ON', 'temp_store = MEMORY']
    // A file for each of many days is open: each keeps little in memory, KiB.
    for (const pragma of [...pragmas, 'cache_size = -1024']) db.pragma(pragma)
    makeOnce(db, schema)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function makeOnce(db: Database, schema: string): void {
  const found = db.pragma('user_version', { simple: true })
  if (found === version) return
  if (found !== 0) throw new Error(`${db.name} is from a newer version`)
  const make = db.transaction(() => {
    db.exec(schema)
    db.pragma(`user_version = ${version}`)
  })
  make.immediate()
}

/** Moves the log into the database and empties it, durably: what was erased is in neither. */
export function purge(db: Database): void {
  const [result] = db.pragma('wal_checkpoint(TRUNCATE)') as readonly { readonly busy: number }[]
  if (result?.busy !== 0) throw new SottoError('busy')
  const log = `${db.name}-wal`
  if (!existsSync(log)) return
  // SQLite does not wait until the log's end is on the disk: after a power cut the old one could be there again.
  const file = openSync(log, 'r+')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
