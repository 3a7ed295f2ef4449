import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describeBlobStore } from '#test/contracts/blob-store.ts'
import { SqliteBlobStore } from './sqlite-blob-store.ts'

describeBlobStore<string>('SQLite', {
  makePlace: () => Promise.resolve(mkdtempSync(path.join(tmpdir(), 'sotto-blobs-'))),
  open: (directory, options) => new SqliteBlobStore({ directory, ...options }),
  bytesOnDisk: (directory) =>
    Promise.resolve(readdirSync(directory).map((file) => readFileSync(path.join(directory, file)))),
  removePlace: (directory) => rm(directory, { recursive: true }),
})
