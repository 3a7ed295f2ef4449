import Database from 'better-sqlite3'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { filesWith, temporaryDirectory } from '#test/fakes/home-server.ts'
import { HomeDatabase } from './database.ts'

const md5 = '0123456789abcdef0123456789abcdef'
const sha256 = 'fedcba9876543210'.repeat(4)
let directory: ReturnType<typeof temporaryDirectory>

beforeEach(() => {
  directory = temporaryDirectory()
})
afterEach(() => directory.remove())

test('a directory of before keeps its accounts, and no MD5 of their passwords', () => {
  const before = new Database(join(directory.path, 'home.db'))
  before.exec(`
    CREATE TABLE account (
      user TEXT PRIMARY KEY,
      ha1_md5 TEXT NOT NULL,
      ha1_sha256 TEXT NOT NULL,
      created_day INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO account VALUES ('alice', '${md5}', '${sha256}', 20000);
    PRAGMA user_version = 2;
  `)
  before.close()
  expect(filesWith(directory.path, md5)).toEqual(['home.db'])
  const database = new HomeDatabase(directory.path)
  expect(database.sql.prepare('SELECT * FROM account').all()).toEqual([
    { user: 'alice', ha1_sha256: sha256, created_day: 20_000, phone_ha1_md5: null, password_epoch: 0 },
  ])
  database.purge()
  expect(filesWith(directory.path, md5)).toEqual([])
  database.close()
})
