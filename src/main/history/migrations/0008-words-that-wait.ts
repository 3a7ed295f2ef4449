import type { Migration } from './migrations.ts'

/** Rows whose words the search index gets in the next pause: what is said now is durable sooner. */
export const wordsThatWait: Migration = {
  version: 8,
  sql: 'CREATE TABLE message_unindexed (position INTEGER PRIMARY KEY) STRICT;',
}
