import { readdirSync, readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { replaceTable } from '../../scripts/privacy-doc.mjs'
import { HomeDatabase } from '#server/home/data-dir/database.ts'
import { lockDirectory } from '#server/home/data-dir/lock.ts'
import { defaultHomeLimits } from '#server/home/limits.ts'
import { homeLogFields, systemClock, systemRandom } from '#server/home/system-ports.ts'
import { SqliteChainStore } from '#server/replica/access/sqlite-chain-store.ts'
import { SqliteInvitations } from '#server/replica/access/sqlite-invitations.ts'
import { defaultReplicaLimits } from '#server/replica/limits.ts'
import { SqliteBlobStore } from '#server/replica/sqlite/sqlite-blob-store.ts'
import { SqliteReplicaStore } from '#server/replica/sqlite/sqlite-replica-store.ts'
import { privacyTable } from '#shared/model/privacy-table.ts'
import { ReplicaDevice } from '#test/fixtures/replica/device.ts'
import { startHome, temporaryDirectory } from '#test/fakes/home-server.ts'

const covered = (prefix: string): string[] =>
  privacyTable
    .flatMap(({ covers }) => covers)
    .filter((name) => name.startsWith(prefix))
    .sort()

function columnsOf(sql: Database.Database, prefix: string): string[] {
  const tables = sql
    .prepare<[], { name: string }>(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_stat%'`,
    )
    .all()
  return tables.flatMap(({ name }) =>
    (sql.pragma(`table_info(${name})`) as { name: string }[]).map((column) => `${prefix}.${name}.${column.name}`),
  )
}

/** Puts a batch and some of an attachment into the replica of a home server's directory, so that all its files are there; returns their folder. */
async function keepSomething(directory: string): Promise<string> {
  const folder = join(directory, 'replica')
  const store = new SqliteReplicaStore({ directory: folder, clock: systemClock, limits: defaultReplicaLimits })
  await store.append('sip:alice@example.org', new ReplicaDevice('sip:alice@example.org', 'A').write())
  await store.close()
  const blobs = new SqliteBlobStore({ directory: folder, clock: systemClock, limits: defaultReplicaLimits })
  await blobs.put('sip:alice@example.org', { hash: new Uint8Array(32), size: 2, at: 0, bytes: new Uint8Array(1) })
  await blobs.close()
  await new SqliteChainStore(folder, defaultReplicaLimits).close()
  return folder
}

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
    const columns = columnsOf(sql, 'server')
    sql.close()
    directory.remove()
    const rows = covered('server.').filter((name) => !/^server\.(?:file|log|memory)\./.test(name))
    expect(rows).toEqual(columns.sort())
  })

  it('has a row for every file', async () => {
    const directory = temporaryDirectory()
    const lock = lockDirectory(directory.path)
    const folder = await keepSomething(directory.path)
    const server = await startHome(directory.path)
    // Whoever reads a day makes the files beside it.
    const day = new Database(join(folder, readdirSync(folder).find((name) => name.startsWith('day-')) ?? ''))
    columnsOf(day, '')
    const blobs = new Database(join(folder, readdirSync(folder).find((name) => name.startsWith('blobs-')) ?? ''))
    columnsOf(blobs, '')
    const files = readdirSync(directory.path, { recursive: true, encoding: 'utf8' })
    day.close()
    blobs.close()
    await server.stop()
    lock?.release()
    directory.remove()
    const names = files.map((name) => name.replace(/(day|blobs)-\d{4}-\d\d-\d\d/, '$1-DATE'))
    expect(covered('server.file.')).toEqual(names.map((name) => `server.file.${name}`).sort())
  })

  it('has a row for every column of the replica', async () => {
    const directory = temporaryDirectory()
    const folder = await keepSomething(directory.path)
    const ports = { clock: systemClock, random: systemRandom, limits: defaultHomeLimits }
    // Only where it runs alone.
    new SqliteInvitations(folder, ports).close()
    const columns = readdirSync(folder)
      .filter((name) => name.endsWith('.db'))
      .flatMap((name) => {
        const sql = new Database(`${folder}/${name}`)
        const found = columnsOf(sql, 'replica')
        sql.close()
        return found
      })
    directory.remove()
    expect(columns.length).toBeGreaterThan(20)
    expect(covered('replica.')).toEqual([...new Set(columns)].sort())
  })

  it('has a row for every log field', () => {
    expect(covered('server.log.')).toEqual(homeLogFields.map((name) => `server.log.${name}`).sort())
  })
})
