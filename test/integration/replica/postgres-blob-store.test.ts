import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'
import { openPostgresBlobStore } from '#server/replica/postgres/postgres-blob-store.ts'
import { describeBlobStore } from '#test/contracts/blob-store.ts'
import { PostgresServer } from './postgres-server.ts'

const schemaDirectory = fileURLToPath(new URL('../../../resources/postgres', import.meta.url))
let server: PostgresServer

beforeAll(async () => {
  server = await PostgresServer.start()
})

afterAll(() => server.stop())

describeBlobStore('PostgreSQL', {
  makePlace: () => server.schema(),
  open: (schema, { clock, limits }) =>
    openPostgresBlobStore({ url: server.url(schema), connections: 4, clock, limits, schemaDirectory }),
  // Without its write-ahead log, which keeps what was erased until its segments are removed (docs/scaling.md).
  bytesOnDisk: () => server.dataFiles(),
  removePlace: async (schema) => {
    await server.sql(`DROP SCHEMA ${schema} CASCADE`)
  },
})
