import Database from 'better-sqlite3'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { columnName, fileHa1, sqliteSubscribers, usableHa1 } from './ha1-source.ts'
import { temporaryDirectory } from '#test/fakes/home-server.ts'

const [ha1, md5] = ['a1'.repeat(32), 'b2'.repeat(16)]
let directory: ReturnType<typeof temporaryDirectory>
beforeEach(() => {
  directory = temporaryDirectory()
})
afterEach(() => directory.remove())

test('a file names users of one domain, and is read anew', async () => {
  const path = join(directory.path, 'ha1')
  writeFileSync(
    path,
    `bob:example.org:${ha1.toUpperCase()}\nbob:other.org:${'c3'.repeat(32)}\nold:example.org:${md5}\n`,
  )
  const source = fileHa1(path, 'example.org')
  expect(await source.ha1('bob')).toBe(ha1)
  expect(await source.ha1('old')).toBeNull()
  expect(await source.ha1('carol')).toBeNull()
  writeFileSync(path, `carol:example.org:${ha1}\n`)
  expect(await source.ha1('carol')).toBe(ha1)
  expect(await source.ha1('bob')).toBeNull()
})

test('Kamailio’s table names them too, in the column that is said', async () => {
  const path = join(directory.path, 'kamailio.sqlite')
  const sql = new Database(path)
  // As Kamailio's script makes it, without what is not asked.
  sql.exec('CREATE TABLE subscriber (username TEXT, domain TEXT, password TEXT, ha1 TEXT, ha1_sha256 TEXT)')
  sql.prepare('INSERT INTO subscriber VALUES (?, ?, ?, ?, ?)').run('bob', 'example.org', '', md5, ha1)
  sql.close()
  const table = { domain: 'example.org', column: 'ha1_sha256' }
  const source = sqliteSubscribers(path, table)
  expect(await source.ha1('bob')).toBe(ha1)
  expect(await source.ha1("bob' OR '1'='1")).toBeNull()
  await source.close()
  const other = sqliteSubscribers(path, { ...table, column: 'ha1' })
  expect(await other.ha1('bob')).toBeNull()
  await other.close()
})

test('columns are plain words', () => {
  expect(columnName('ha1_sha256')).toBe('"ha1_sha256"')
  expect(() => columnName('ha1" FROM x; --')).toThrow('column')
})

test.each([[null], [''], [md5], [7], [`${ha1}0`]])('%j is no HA1', (value) => {
  expect(usableHa1(value)).toBeNull()
})
