import type { Migration } from './migrations.ts'

/** When keys weaker than ZRTP were learned: they are offered first for a while, not for ever. What is there counts as old. */
export const callMemoryAge: Migration = {
  version: 3,
  sql: 'ALTER TABLE call_memory ADD COLUMN learned_at INTEGER NOT NULL DEFAULT 0;',
}
