import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { replaceTable } from '../../scripts/privacy-doc.mjs'
import { HomeDatabase } from '#server/home/data-dir/database.ts'
import { lockDirectory } from '#server/home/data-dir/lock.ts'
import { homeLogFields } from '#server/home/system-ports.ts'
import { privacyTable } from '#shared/model/privacy-table.ts'
import { startHome, temporaryDirectory } from '#test/fakes/home-server.ts'

const covered = (prefix: string): string[] =>
  privacyTable
    .flatMap(({ covers }) => covers)
    .filter((name) => name.startsWith(prefix))
    .sort()

describe('docs/privacy.md', () => {
  it('holds the table as the program shows it', () => {
    const page = readFileSync(new URL('../../docs/privacy.md', import.meta.url), 'utf8')
    expect(replaceTable(page, privacyTable), 'run node scripts/privacy-doc.mjs').toBe(page)
  })

  it('names nothing twice and leaves no cell empty', () => {
    const names = covered('')
    expect(new Set(names).size).toBe(names.length)
    for (const { covers, ...cells } of privacyTable) {
      expect(Object.values(cells).every((text) => text.length > 0)).toBe(true)
      expect(covers.length).toBeGreaterThan(0)
    }
  })
})

describe('the home server', () => {
  it('has a row for every column of every table, and no row for one that is not there', () => {
    const directory = temporaryDirectory()
    const { sql } = new HomeDatabase(directory.path)
    const tables = sql
      .prepare<[], { name: string }>(
        `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_stat%'`,
      )
      .all()
    const columns = tables.flatMap(({ name }) =>
      (sql.pragma(`table_info(${name})`) as { name: string }[]).map((column) => `server.${name}.${column.name}`),
    )
    sql.close()
    directory.remove()
    const rows = covered('server.').filter((name) => !/^server\.(?:file|log|memory)\./.test(name))
    expect(rows).toEqual(columns.sort())
  })

  it('has a row for every file', async () => {
    const directory = temporaryDirectory()
    const lock = lockDirectory(directory.path)
    const server = await startHome(directory.path)
    const files = readdirSync(directory.path, { recursive: true, encoding: 'utf8' })
    await server.stop()
    lock?.release()
    directory.remove()
    expect(covered('server.file.')).toEqual(files.map((name) => `server.file.${name}`).sort())
  })

  it('has a row for every log field', () => {
    expect(covered('server.log.')).toEqual(homeLogFields.map((name) => `server.log.${name}`).sort())
  })
})
