import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import BetterSqlite from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describeReplicaStore } from '#test/contracts/replica-store.ts'
import { SetClock, alice, bob, plenty, today } from '#test/contracts/replica-store/world.ts'
import { ReplicaDevice } from '#test/fixtures/replica/device.ts'
import { SqliteReplicaStore } from './sqlite-replica-store.ts'

const makeFolder = (): string => mkdtempSync(path.join(tmpdir(), 'sotto-replica-'))

describeReplicaStore<string>('SQLite', {
  makePlace: () => Promise.resolve(makeFolder()),
  open: (directory, options) => Promise.resolve(new SqliteReplicaStore({ directory, ...options })),
  bytesOnDisk: (directory) =>
    Promise.resolve(readdirSync(directory).map((file) => readFileSync(path.join(directory, file)))),
  removePlace: (directory) => rm(directory, { recursive: true }),
})

describe('the files of a store in SQLite', () => {
  const device = () => new ReplicaDevice(alice, 'one')
  let [directory, clock] = ['', new SetClock()]
  let store: SqliteReplicaStore
  const open = (): void => {
    store = new SqliteReplicaStore({ directory, clock, limits: { accountBytes: plenty } })
  }
  beforeEach(() => {
    directory = makeFolder()
    clock = new SetClock()
  })
  afterEach(async () => {
    await store.close()
    rmSync(directory, { recursive: true })
  })
  const days = (): readonly string[] => readdirSync(directory).filter((name) => /^day-.*\.db$/.test(name))

  it('are one for each day, and for their owner only', async () => {
    open()
    const one = device()
    for (const day of [today, today + 1, today + 3]) {
      clock.setDay(day)
      await store.append(alice, one.write())
    }
    expect(days()).toEqual(['day-2026-02-16.db', 'day-2026-02-17.db', 'day-2026-02-19.db'])
    const modes = readdirSync(directory).map((name) => statSync(path.join(directory, name)).mode & 0o777)
    expect([...new Set(modes), statSync(directory).mode & 0o777]).toEqual([0o600, 0o700])
    await store.dropBefore(today + 3)
    expect(days()).toEqual(['day-2026-02-19.db'])
    expect(readdirSync(directory).filter((name) => !name.startsWith('day-2026-02-19'))).not.toContainEqual(
      expect.stringMatching(/^day/),
    )
  })

  it('have one order of days for all accounts', async () => {
    open()
    await store.append(alice, device().write())
    clock.setDay(today - 30)
    expect(await store.append(bob, device().write())).toEqual({ kind: 'stored', day: today })
    await store.dropBefore(today + 1)
    await store.close()
    open()
    expect(await store.append(alice, new ReplicaDevice(alice, 'two').write())).toEqual({
      kind: 'stored',
      day: today + 1,
    })
  })

  it('give up an account whole, also where that was interrupted', async () => {
    open()
    const [one, hers] = [device(), new ReplicaDevice(bob, 'one')]
    await store.append(alice, one.write())
    clock.setDay(today + 1)
    for (const each of [one, hers]) await store.append(each.account, each.write())
    await store.close()
    // What a program leaves that dies after it has said what it is about to do.
    const db = new BetterSqlite(path.join(directory, 'replica.db'))
    db.prepare('INSERT INTO erasing VALUES (?)').run(alice)
    db.close()
    open()
    expect([await store.heads(alice), (await store.heads(bob)).length]).toEqual([[], 1])
    const files = readdirSync(directory).map((name) => readFileSync(path.join(directory, name)))
    expect(files.filter((bytes) => bytes.includes(alice))).toEqual([])
    expect((await store.append(alice, device().write())).kind).toBe('stored')
  })

  it('of a day that was dropped are removed, where the program died before', async () => {
    open()
    const one = device()
    await store.append(alice, one.write())
    clock.setDay(today + 1)
    await store.append(alice, one.write())
    await store.close()
    const kept = readFileSync(path.join(directory, days()[0] ?? ''))
    open()
    await store.dropBefore(today + 1)
    await store.close()
    rmSync(path.join(directory, 'day-2026-02-16.db'), { force: true })
    for (const end of ['', '-wal', '-shm']) writeFileSync(path.join(directory, `day-2026-02-16.db${end}`), kept)
    open()
    expect(days()).toEqual(['day-2026-02-17.db'])
    expect((await store.page(alice, { after: [], maxBytes: plenty })).batches.map(({ first }) => first)).toEqual([2])
  })

  it('are refused from a later version', async () => {
    open()
    await store.append(alice, device().write())
    await store.close()
    const db = new BetterSqlite(path.join(directory, 'replica.db'))
    db.pragma('user_version = 2')
    db.close()
    expect(() => open()).toThrow('newer version')
  })
})
