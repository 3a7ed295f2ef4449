import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describeReplicaStore } from '#test/contracts/replica-store.ts'
import { SqliteReplicaStore } from './sqlite-replica-store.ts'

describeReplicaStore<string>('SQLite', {
  makePlace: () => Promise.resolve(mkdtempSync(path.join(tmpdir(), 'sotto-replica-'))),
  open: (directory, options) => Promise.resolve(new SqliteReplicaStore({ directory, ...options })),
  bytesOnDisk: (directory) =>
    Promise.resolve(readdirSync(directory).map((file) => readFileSync(path.join(directory, file)))),
  removePlace: (directory) => rm(directory, { recursive: true }),
})
