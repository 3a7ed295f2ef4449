import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isIntact, openDatabase } from './database.ts'
import { pageCipherOf, unlock } from './page-cipher.ts'

const key = new Uint8Array(randomBytes(32))
let folder: string
const file = (name = 'history.db') => path.join(folder, name)
const open = (role: 'writer' | 'reader' = 'writer') => openDatabase({ path: file(), key, role })

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sotto-cipher-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** As the program made it before it knew `aegis`, and as a kill leaves it: with a log. */
function killOldFile(folded: boolean): void {
  const db = new Database(file('old.db'))
  unlock(db, 'sqlcipher', key)
  db.pragma('journal_mode = WAL')
  db.pragma('wal_autocheckpoint = 0')
  db.exec('CREATE TABLE old (word TEXT)')
  if (folded) db.pragma('wal_checkpoint(TRUNCATE)')
  db.exec("INSERT INTO old VALUES ('kept')")
  for (const end of ['', '-wal']) copyFileSync(`${file('old.db')}${end}`, file() + end)
  db.close()
}

const cipherOf = (db: Database.Database) => db.pragma('cipher', { simple: true })

describe('a new file', () => {
  it('is begun with AEGIS-256, and shows nothing but the size of its pages', () => {
    expect(pageCipherOf(file())).toBe('aegis')
    open().close()
    expect(pageCipherOf(file())).toBe('aegis')
    const [begin, clear, rest] = [
      [0, 16],
      [16, 24],
      [24, 4096],
    ].map(([from, to]) => readFileSync(file()).subarray(from, to))
    expect(Array.from(clear ?? [])).toEqual([16, 0, 2, 2, 64, 64, 32, 32])
    expect(begin?.toString('latin1')).not.toContain('SQLite')
    expect(rest?.toString('latin1')).not.toContain('CREATE')
  })

  it('is one whose first page was never written', () => {
    open().close()
    for (const size of [0, 4096]) {
      truncateSync(file(), 0)
      truncateSync(file(), size)
      expect(pageCipherOf(file())).toBe('aegis')
    }
    truncateSync(file(), 0)
    const db = open()
    expect(cipherOf(db)).toBe('aegis')
    db.close()
  })

  it('is known by its only page while everything else lies in the log', () => {
    const db = open()
    for (const end of ['', '-wal']) copyFileSync(file() + end, `${file('killed.db')}${end}`)
    db.close()
    expect(statSync(file('killed.db')).size).toBe(4096)
    const killed = openDatabase({ path: file('killed.db'), key, role: 'writer' })
    expect([cipherOf(killed), isIntact(killed)]).toEqual(['aegis', true])
    killed.close()
  })

  it('has every page authentic, but for what nobody reads at the beginning of the first', () => {
    const db = open()
    expect(isIntact(db)).toBe(true)
    db.pragma('wal_checkpoint(TRUNCATE)')
    db.close()
    const bytes = readFileSync(file())
    for (const at of [24, 100, 4095, 4096 + 17, 8191, bytes.length - 1, 3 * 4096 + 4000]) {
      const damaged = Buffer.from(bytes)
      damaged[at] = (damaged[at] ?? 0) ^ 1
      writeFileSync(file(), damaged)
      expect(opensIntact(), `byte ${at}`).toBe(false)
    }
    writeFileSync(file(), bytes)
    expect(opensIntact()).toBe(true)
  })

  it('has every page in its place', () => {
    open().close()
    const bytes = readFileSync(file())
    const [second, third] = [bytes.subarray(4096, 8192), bytes.subarray(8192, 12_288)]
    writeFileSync(file(), Buffer.concat([bytes.subarray(0, 4096), third, second, bytes.subarray(12_288)]))
    expect(opensIntact()).toBe(false)
  })
})

function opensIntact(): boolean {
  try {
    const db = open()
    const intact = isIntact(db)
    db.close()
    return intact
  } catch {
    return false
  }
}

describe('a file from before', () => {
  it.each([
    ['keeps its cipher, its rows and what lies in its log', true],
    ['keeps them where its first life ended before anything was folded in', false],
  ])('%s', (_, folded) => {
    killOldFile(folded)
    expect(statSync(file()).size > 4096).toBe(folded)
    expect(pageCipherOf(file())).toBe('sqlcipher')
    const writer = open()
    expect(cipherOf(writer)).toBe('sqlcipher')
    expect(writer.prepare('SELECT word FROM old').pluck().all()).toEqual(['kept'])
    writer.exec("INSERT INTO old VALUES ('added')")
    const reader = open('reader')
    expect(cipherOf(reader)).toBe('sqlcipher')
    expect(reader.prepare('SELECT word FROM old').pluck().all()).toEqual(['kept', 'added'])
    expect(isIntact(writer)).toBe(true)
    reader.close()
    writer.close()
    expect(pageCipherOf(file())).toBe('sqlcipher')
  })
})

it('takes a key of 32 bytes alone', () => {
  const db = new Database(file())
  expect(() => unlock(db, 'aegis', key.subarray(1))).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  db.close()
})
