import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Database } from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '#main/platform/system-clock.ts'
import { decodeStoredEntry } from '#shared/model/entry-codec.ts'
import type { Entry } from '#shared/model/entry.ts'
import { isIntact, openDatabase, schemaVersion } from '../database.ts'
import { HistoryWriter } from '../history-writer.ts'
import { currentVersion, migrations } from './migrations.ts'

const key = new Uint8Array(randomBytes(32))
const fixture = (version: number): string =>
  readFileSync(new URL(`../../../../test/fixtures/history/schema-${version}.sql`, import.meta.url), 'utf8')
let folder: string
const place = (name: string) => ({ path: path.join(folder, `${name}.db`), key })

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sotto-migrations-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Lays a fixture down and opens it as the program would. */
function openFixture(version: number): { readonly writer: HistoryWriter; readonly db: Database } {
  const old = openDatabase({ ...place(`v${version}`), role: 'writer', migrations: [] })
  old.exec(fixture(version))
  expect(schemaVersion(old)).toBe(version)
  old.close()
  const writer = new HistoryWriter({ ...place(`v${version}`), clock: systemClock })
  return { writer, db: openDatabase({ ...place(`v${version}`), role: 'writer' }) }
}

const entriesOf = (db: Database): readonly Entry[] =>
  db.prepare<[], Uint8Array>('SELECT bytes FROM entry ORDER BY seq').pluck().all().map(decodeStoredEntry)

/** Everything that can be built from entries, with names instead of row numbers. */
function viewsOf(db: Database) {
  const withoutDraft = db.prepare<[], Record<string, unknown>>('SELECT * FROM conversation ORDER BY id').all()
  const messages = db
    .prepare<[], Record<string, unknown>>(
      `SELECT message.*, conversation.id AS conversation FROM message
         JOIN conversation ON conversation.ref = message.conversation ORDER BY position`,
    )
    .all()
  db.exec("CREATE VIRTUAL TABLE IF NOT EXISTS temp.words USING fts5vocab (main, message_text, 'instance')")
  const words = db
    .prepare<[], [string, number, number]>('SELECT term, doc, "offset" FROM words ORDER BY 2, 3')
    .raw()
    .all()
  return {
    conversations: withoutDraft.map(({ ref: _ref, draft: _draft, draft_at: _draftAt, ...view }) => view),
    messages,
    // The first word of each stands for its conversation, by row number.
    words: words.filter(([, , offset]) => offset > 0),
  }
}

describe.each(migrations.map(({ version }) => version))('a history of schema %i', (version) => {
  it('has something in every table that its version knows', () => {
    const old = openDatabase({ ...place('old'), role: 'writer', migrations: [] })
    old.exec(fixture(version))
    const tables = old.prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'message_text'",
    )
    const empty = tables
      .pluck()
      .all()
      .filter((name) => old.prepare(`SELECT 1 FROM ${name} LIMIT 1`).get() === undefined)
    expect(empty).toEqual([])
    old.close()
  })

  it('is shown after the update as a history that is built from its entries', async () => {
    const { writer, db } = openFixture(version)
    const entries = entriesOf(db)
    const fresh = new HistoryWriter({ ...place('fresh'), clock: systemClock })
    const freshDb = openDatabase({ ...place('fresh'), role: 'writer' })
    for (const entry of entries) await fresh.commit({ entries: [entry] })
    for (const each of [writer, fresh]) await each.makeSearchable()
    const [migrated, built] = [viewsOf(db), viewsOf(freshDb)]
    expect(migrated.messages.length).toBeGreaterThan(9)
    expect(migrated.conversations).toHaveLength(3)
    expect(migrated.words.length).toBeGreaterThan(30)
    expect(migrated).toEqual(built)
    expect(isIntact(db)).toBe(true)
    for (const each of [db, freshDb]) each.close()
    for (const each of [writer, fresh]) each.close()
  })

  it('keeps what stands beside the entries', () => {
    const { writer, db } = openFixture(version)
    const rows = (sql: string): readonly unknown[] => db.prepare(sql).all()
    expect(schemaVersion(db)).toBe(currentVersion)
    expect(rows('SELECT target, payload FROM job')).toHaveLength(1)
    expect(rows('SELECT key, value FROM setting ORDER BY key')).toEqual([
      { key: 'language', value: '"de"' },
      { key: 'theme', value: '"dark"' },
    ])
    expect(rows('SELECT aor FROM account')).toHaveLength(2)
    expect(rows("SELECT peer FROM conversation WHERE draft = 'to be continued'")).toEqual([
      { peer: 'sip:carol@example.org' },
    ])
    const calls = version >= 2 ? 1 : 0
    for (const table of ['zrtp_zid', 'zrtp_peer', 'call_memory'])
      expect(rows(`SELECT 1 FROM ${table}`)).toHaveLength(calls)
    db.close()
    writer.close()
  })
})
