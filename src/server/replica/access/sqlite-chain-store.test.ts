import Database from 'better-sqlite3'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describeChainStore } from '#test/contracts/chain-store.ts'
import { temporaryDirectory } from '#test/fakes/home-server.ts'
import { defaultAccessLimits } from './limits.ts'
import { SqliteChainStore } from './sqlite-chain-store.ts'

describeChainStore('SQLite', {
  makePlace: () => Promise.resolve(temporaryDirectory()),
  open: ({ path }, limits) => Promise.resolve(new SqliteChainStore(path, limits)),
  remove(directory) {
    directory.remove()
    return Promise.resolve()
  },
  holds: ({ path }, bytes) =>
    Promise.resolve(readdirSync(path).some((name) => readFileSync(join(path, name)).includes(Buffer.from(bytes)))),
})

test('a file of a newer version is left alone', () => {
  const directory = temporaryDirectory()
  const newer = new Database(join(directory.path, 'access.db'))
  newer.pragma('user_version = 99')
  newer.close()
  expect(() => new SqliteChainStore(directory.path, defaultAccessLimits)).toThrow('newer version')
  directory.remove()
})
