import type { Migration } from './migrations.ts'

/** Files of entries that are replicated: to be fetched from the replica (`erase` 0), or to be erased there (1). */
export const replicaBlobs: Migration = {
  version: 10,
  sql: `
    CREATE TABLE replica_blob (
      replica INTEGER NOT NULL REFERENCES replica (ref) ON DELETE CASCADE,
      id TEXT NOT NULL,
      erase INTEGER NOT NULL,
      kept_at INTEGER NOT NULL,
      PRIMARY KEY (replica, id)
    ) STRICT, WITHOUT ROWID;
  `,
}
