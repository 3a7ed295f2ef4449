/** Opens a history of Blink: a plain SQLite file that anybody may have made. It is read into memory and never touched. */
import Database from 'better-sqlite3'
import { ProtocolError } from '#shared/errors.ts'
import { exportError } from '../format/manifest.ts'
import type { ByteSource } from '../age/byte-source.ts'

/** Histories are a few hundred MiB at most. */
const maxBlinkBytes = 512 * 1024 * 1024
const sqliteVersionOffset = 18
const tables = ['sessions', 'chat_messages', 'file_transfers', 'messages', 'downloaded_files'] as const

export type BlinkTable = (typeof tables)[number]
/** A row as it is stored; nothing in it is believed. */
export type BlinkRow = Readonly<Record<string, unknown>>

export interface BlinkDatabase {
  has(table: BlinkTable): boolean
  /** Rows in the order in which they came. @throws ProtocolError `export-malformed`. */
  rows(table: BlinkTable): Generator<BlinkRow>
  close(): void
}

/** @throws ProtocolError `export-malformed` for what is no history of Blink, `export-too-large`. */
export async function openBlink(source: ByteSource): Promise<BlinkDatabase> {
  if (source.size > maxBlinkBytes) throw exportError('export-too-large', 'database')
  const bytes = Buffer.from(await source.read(0, source.size))
  // A database in memory has no write-ahead log: the two version bytes say rollback journal.
  if (bytes.length > sqliteVersionOffset + 1) bytes.fill(1, sqliteVersionOffset, sqliteVersionOffset + 2)
  return asMalformed(() => {
    const db = new Database(bytes, { readonly: true })
    try {
      for (const pragma of ['trusted_schema = OFF', 'query_only = ON', 'cell_size_check = ON', 'temp_store = MEMORY'])
        db.pragma(pragma)
      const present = plainTables(db)
      if (present.size === 0) throw exportError('export-malformed', 'no table of Blink')
      return {
        has: (table) => present.has(table),
        rows: (table) => rowsOf(db, table, present),
        close: () => db.close(),
      }
    } catch (error) {
      db.close()
      throw error
    }
  })
}

/** Real tables only: a view or virtual table of that name would run what its maker wrote. */
function plainTables(db: Database.Database): ReadonlySet<string> {
  const found = db
    .prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")
    .all()
    .filter(({ name, sql }) => (tables as readonly string[]).includes(name) && /^CREATE\s+TABLE\b/i.test(sql))
  return new Set(found.filter(({ name }) => !hasComputed(db, name)).map(({ name }) => name))
}

function hasComputed(db: Database.Database, table: string): boolean {
  return (db.pragma(`table_xinfo(${table})`) as { hidden: number }[]).some(({ hidden }) => hidden !== 0)
}

function* rowsOf(db: Database.Database, table: BlinkTable, present: ReadonlySet<string>): Generator<BlinkRow> {
  if (!present.has(table)) return
  const rows = asMalformed(() => db.prepare<[], BlinkRow>(`SELECT * FROM "${table}" ORDER BY rowid`).iterate())
  for (;;) {
    const next = asMalformed(() => rows.next())
    if (next.done === true) return
    yield next.value
  }
}

function asMalformed<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof Database.SqliteError) throw exportError('export-malformed', error.code)
    throw error instanceof ProtocolError || error instanceof Error ? error : exportError('export-malformed')
  }
}
