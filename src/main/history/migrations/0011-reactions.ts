import type { Migration } from './migrations.ts'

/** Which emoji each side answered a row with, as its entries say. */
export const reactions: Migration = {
  version: 11,
  sql: `
    CREATE TABLE reaction (
      position INTEGER NOT NULL REFERENCES message (position) ON DELETE CASCADE,
      author TEXT NOT NULL,
      emojis TEXT NOT NULL,
      PRIMARY KEY (position, author)
    ) STRICT, WITHOUT ROWID;
  `,
}
