import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyFilter } from '#shared/model/search.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { alice, bob, conversationWith, EntryMaker } from '#test/integration/history/history-fixture.ts'
import { isIntact, openDatabase, schemaVersion, type OpenDatabaseOptions } from './database.ts'
import { HistoryReader } from './history-reader.ts'
import { HistoryWriter } from './history-writer.ts'
import { currentVersion, migrations } from './migrations/migrations.ts'
import { lockProfile } from './profile-lock.ts'

let folder: string
const key = new Uint8Array(randomBytes(32))
const file = () => path.join(folder, 'history.db')
const open = (more: Partial<OpenDatabaseOptions> = {}) => openDatabase({ path: file(), key, role: 'writer', ...more })
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sotto-db-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('opening', () => {
  it('sets what durability and secrecy rest on', () => {
    const db = open()
    const pragma = (name: string) => db.pragma(name, { simple: true })
    expect(pragma('journal_mode')).toBe('wal')
    expect(pragma('synchronous')).toBe(2)
    expect(pragma('temp_store')).toBe(2)
    expect(pragma('secure_delete')).toBe(1)
    expect(pragma('foreign_keys')).toBe(1)
    expect(pragma('cipher')).toBe('aegis')
    expect(pragma('algorithm')).toBe('aegis-256')
    db.close()
    expect(readFileSync(file()).subarray(0, 6).toString()).not.toBe('SQLite')
  })

  it('refuses a wrong key, a damaged page and a newer schema, and changes nothing', () => {
    const db = open()
    db.pragma('user_version = 99')
    db.close()
    expect(() => open()).toThrow(code('history-too-new'))
    expect(() => open({ key: new Uint8Array(32) })).toThrow(code('history-corrupt'))
    expect(() => open({ role: 'reader' })).toThrow(code('history-too-new'))
    const bytes = readFileSync(file())
    bytes[5000] = (bytes[5000] ?? 0) ^ 1
    writeFileSync(file(), bytes)
    const damaged = open({ migrations: Array.from({ length: 99 }, () => migrations[0]!) })
    expect(isIntact(damaged)).toBe(false)
    damaged.close()
  })

  it('refuses a place it cannot write to', () => {
    expect(() => open({ path: path.join(folder, 'none', 'history.db') })).toThrow(code('disk-failed'))
  })

  it('a reader cannot write and makes no file', () => {
    expect(() => open({ role: 'reader' })).toThrow(code('disk-failed'))
    expect(existsSync(file())).toBe(false)
    open().close()
    const reader = open({ role: 'reader' })
    expect(() => reader.exec('DELETE FROM setting')).toThrow(/readonly/)
    reader.close()
  })

  it('lets one process have a profile', () => {
    const lock = lockProfile(path.join(folder, 'lock'))
    expect(() => lockProfile(path.join(folder, 'lock'))).toThrow(code('profile-in-use'))
    lock.release()
    lockProfile(path.join(folder, 'lock')).release()
  })
})

it('another process is kept out, and let in when the first was killed', async () => {
  const file = path.join(folder, 'lock')
  const holder = `
    const { lockProfile } = await import(process.argv[1])
    globalThis.lock = lockProfile(process.argv[2]) // Collected as garbage, it would let go.
    process.stdout.write('held')
    setInterval(() => undefined, 1000)`
  const url = new URL('./profile-lock.ts', import.meta.url).href
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', holder, url, file])
  await once(child.stdout, 'data')
  expect(() => lockProfile(file)).toThrow(code('profile-in-use'))
  child.kill('SIGKILL')
  await once(child, 'close')
  lockProfile(file).release()
})

describe('migrations', () => {
  it('are numbered without gaps', () => {
    expect(migrations.map((migration) => migration.version)).toEqual(migrations.map((_, index) => index + 1))
    expect(currentVersion).toBe(migrations.length)
  })

  it('bring every older fixture up to date and keep its messages', async () => {
    const fixtures = new URL('../../../test/fixtures/history/', import.meta.url)
    for (const { version } of migrations) {
      const text = readFileSync(new URL(`schema-${version}.sql`, fixtures), 'utf8')
      const db = open({ path: path.join(folder, `v${version}.db`), migrations: [] })
      db.exec(text)
      expect(schemaVersion(db)).toBe(version)
      db.close()
      const writer = new HistoryWriter({ path: path.join(folder, `v${version}.db`), key, clock: systemClock })
      const reader = new HistoryReader({ path: path.join(folder, `v${version}.db`), key })
      const found = await reader.search({ filter: { ...emptyFilter, text: 'grüße' }, before: null, limit: 5 })
      expect(found.hits).toMatchObject([{ conversationName: 'Bob', excerpt: 'Grüße aus der Vergangenheit' }])
      expect((await reader.dueJobs(Number.MAX_SAFE_INTEGER, 5)).length).toBe(1)
      reader.close()
      writer.close()
    }
  })

  it('tell how far the search index is, which is built again', () => {
    const text = readFileSync(new URL('../../../test/fixtures/history/schema-3.sql', import.meta.url), 'utf8')
    const old = open({ migrations: [] })
    old.exec(text)
    const position = old.prepare<[], number>('SELECT max(position) FROM message').pluck().get() ?? 0
    // More than one page of it.
    const same = `conversation, author, variant, incoming, text, sent_at, received_at, state, display_receipt, edited, deleted, conflicting,
      authenticated_by, read_mark`
    old.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
      INSERT INTO message (position, base, message_id, ${same}) SELECT ${position} + i, ${position} + i, message_id || i, ${same}
        FROM n, message WHERE position = (SELECT min(position) FROM message)`)
    const count = old.prepare<[], number>('SELECT count(*) FROM message').pluck().get() ?? 0
    old.close()
    const shares: number[] = []
    const options = { path: file(), key, clock: systemClock }
    new HistoryWriter({ ...options, upgrading: (share) => shares.push(share) }).close()
    expect(shares).toHaveLength(Math.ceil(count / 1000))
    expect(shares).toEqual(shares.toSorted((a, b) => a - b))
    expect(shares.at(-1)).toBe(1)
    const again: number[] = []
    new HistoryWriter({ ...options, upgrading: (share) => again.push(share) }).close()
    expect(again).toEqual([])
  })

  it('end in one schema, wherever they started', () => {
    const fixtures = new URL('../../../test/fixtures/history/', import.meta.url)
    const schemas = [0, ...migrations.map(({ version }) => version)].map((version) => {
      const place = { path: path.join(folder, `from-${version}.db`) }
      const old = open({ ...place, migrations: [] })
      if (version > 0) old.exec(readFileSync(new URL(`schema-${version}.sql`, fixtures), 'utf8'))
      old.close()
      const db = open(place)
      const columns = db
        .prepare<[], string>(
          `SELECT t.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || coalesce(c.dflt_value, '')
             FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table' ORDER BY 1`,
        )
        .pluck()
        .all()
      const indexes = db.prepare("SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY 1")
      const schema = [...columns, ...indexes.pluck().all()]
      expect(isIntact(db)).toBe(true)
      db.close()
      return schema
    })
    expect(schemas[0]?.length).toBeGreaterThan(50)
    for (const schema of schemas) expect(schema).toEqual(schemas[0])
  })

  it('to calls keep what was read, and go on counting', async () => {
    const text = readFileSync(new URL('../../../test/fixtures/history/schema-1.sql', import.meta.url), 'utf8')
    const old = open({ migrations: [] })
    old.exec(text)
    old.close()
    const writer = new HistoryWriter({ path: file(), key, clock: systemClock })
    const reader = new HistoryReader({ path: file(), key })
    const conversation = async () => (await reader.conversations()).conversations[0]
    expect(await conversation()).toMatchObject({ unread: 1, preview: 'Grüße aus der Vergangenheit' })
    expect((await reader.contacts())[0]).toMatchObject({ name: 'Bob', callPolicy: null })
    const make = new EntryMaker(1_760_000_001_000)
    await writer.commit({ entries: [make.call({ outcome: 'missed' }), make.call({ outcome: 'answered' })] })
    expect(await conversation()).toMatchObject({ unread: 2, preview: '', previewCall: { outcome: 'answered' } })
    reader.close()
    writer.close()
  })

  it('from the first schema with calls keep them, and what their keys were', async () => {
    const text = readFileSync(new URL('../../../test/fixtures/history/schema-2.sql', import.meta.url), 'utf8')
    const old = open({ migrations: [] })
    old.exec(text)
    old.close()
    const writer = new HistoryWriter({ path: file(), key, clock: systemClock })
    const reader = new HistoryReader({ path: file(), key })
    const id = conversationWith(bob)
    const page = await reader.page({ conversationId: id, anchor: { at: 'newest' }, limit: 10 })
    expect(page.messages.map(({ call }) => call?.outcome)).toEqual([undefined, undefined, 'missed', 'answered'])
    expect(await reader.conversation(id)).toMatchObject({ unread: 2, previewCall: { durationMs: 61_000 } })
    expect((await reader.contacts())[0]).toMatchObject({ callPolicy: 'zrtp-required' })
    const pair = { ownZid: await writer.zrtpZid(alice), peerZid: new Uint8Array(12).fill(8), peer: bob, now: 0 }
    expect(await reader.zrtpPeer(pair)).toMatchObject({ rs1: new Uint8Array(32).fill(1), verified: true, name: 'Desk' })
    expect(await reader.callMemory(alice, bob)).toEqual({ keys: 'zrtp', learnedAt: 0 })
    reader.close()
    writer.close()
  })

  it('begins again where a step was cut short', async () => {
    const text = readFileSync(new URL('../../../test/fixtures/history/schema-1.sql', import.meta.url), 'utf8')
    const old = open({ migrations: [] })
    old.exec(text)
    old.close()
    const cut = migrations.map((step) => ({
      ...step,
      run: () => {
        throw new Error('cut short')
      },
    }))
    expect(() => open({ migrations: cut })).toThrow('cut short')
    const between = open({ migrations: migrations.slice(0, 1) })
    expect(schemaVersion(between)).toBe(1)
    expect(
      between.prepare("SELECT count(*) FROM pragma_table_info('message') WHERE name = 'quiet'").pluck().get(),
    ).toBe(0)
    between.close()
    open().close()
    const reader = new HistoryReader({ path: file(), key })
    expect(await reader.counts()).toMatchObject({ messages: 10, conversations: 3 })
    reader.close()
  })

  it('is all or nothing', () => {
    open().close()
    const broken = { version: currentVersion + 1, sql: 'CREATE TABLE half (x); SELECT nonsense FROM nowhere' }
    expect(() => open({ migrations: [...migrations, broken] })).toThrow()
    const db = open()
    expect(schemaVersion(db)).toBe(currentVersion)
    expect(db.prepare("SELECT count(*) FROM sqlite_master WHERE name = 'half'").pluck().get()).toBe(0)
    db.close()
  })
})

describe('a full disk', () => {
  it('refuses the commit, keeps what was there and works again with space', async () => {
    let db: Database.Database | null = null
    const writer = new HistoryWriter({
      path: file(),
      key,
      clock: systemClock,
      open: (options) => (db = openDatabase(options)),
    })
    const make = new EntryMaker()
    await writer.commit({ entries: [make.incoming('before')] })
    const pages = db!.pragma('page_count', { simple: true }) as number
    db!.pragma(`max_page_count = ${pages + 20}`)
    const big = () => make.incoming('much text '.repeat(20_000))
    const results = await Promise.allSettled([
      writer.commit({ entries: [big()] }),
      writer.commit({ entries: [make.incoming('small one')] }),
    ])
    expect(results[0]).toMatchObject({ status: 'rejected', reason: { code: 'disk-full' } })
    db!.pragma('max_page_count = 1000000')
    await writer.commit({ entries: [make.incoming('after'), big()] })
    const reader = new HistoryReader({ path: file(), key })
    const kept = results[1].status === 'fulfilled' ? 4 : 3
    expect(await reader.counts()).toMatchObject({ messages: kept })
    reader.close()
    writer.close()
    const check = open()
    expect(isIntact(check)).toBe(true)
    check.close()
  })
})

describe('deleting', () => {
  it('leaves no word of the text in any table or index of the database', async () => {
    const writer = new HistoryWriter({ path: file(), key, clock: systemClock })
    const make = new EntryMaker()
    await writer.commit({ entries: [make.incoming('xylophone secret', { id: 'm' }), make.edit('m', 'quetzal edited')] })
    await writer.commit({ entries: [make.delete('m')] })
    await writer.commit({ entries: [make.incoming('xylophone secret', { id: 'm' }), make.edit('m', 'quetzal edited')] })
    writer.close()
    const db = open()
    const tables = db
      .prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'message_text'")
      .pluck()
    for (const table of tables.all()) {
      for (const row of db.prepare<[], unknown[]>(`SELECT * FROM "${table}"`).raw().all()) {
        const bytes = Buffer.concat(row.map((cell) => Buffer.from(cell instanceof Uint8Array ? cell : String(cell))))
        for (const word of ['xylophone', 'secret', 'quetzal', 'edited']) expect(bytes.includes(word), table).toBe(false)
      }
    }
    expect(db.prepare('SELECT deleted, text FROM message').all()).toEqual([{ deleted: 1, text: '' }])
    // Free pages are overwritten too: the plain copy holds none of the words either.
    db.pragma("rekey = ''")
    db.close()
    const plain = readFileSync(file())
    expect(plain.subarray(0, 15).toString()).toBe('SQLite format 3')
    for (const word of ['xylophone', 'quetzal']) expect(plain.includes(word)).toBe(false)
  })
})

it('closing folds the log into the database', async () => {
  const writer = new HistoryWriter({ path: file(), key, clock: systemClock })
  await writer.commit({ entries: [new EntryMaker().incoming('hi')] })
  writer.close()
  expect(statSync(`${file()}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0)
})
