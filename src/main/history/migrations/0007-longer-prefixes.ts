import type { Migration } from './migrations.ts'

/**
 * The search index also knows the first three characters of words: what people have typed when they look at the first hits. It is
 * filled again when the history is opened.
 */
export const longerPrefixes: Migration = {
  version: 7,
  sql: `
    DROP TABLE message_text;
    CREATE VIRTUAL TABLE message_text USING fts5 (body, content = '', tokenize = 'ascii', prefix = '1 2 3', columnsize = 0);
    INSERT INTO message_text (message_text, rank) VALUES ('secure-delete', 1);
    DELETE FROM state WHERE name = 'search_text_version';
  `,
}
