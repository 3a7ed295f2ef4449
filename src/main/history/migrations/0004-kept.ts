import type { Migration } from './migrations.ts'

/** Files, bookmarks, what disappears and when, how long a conversation is kept, its place in the list, saved searches. */
export const kept: Migration = {
  version: 4,
  sql: `
    ALTER TABLE message ADD COLUMN bookmarked INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE message ADD COLUMN timer INTEGER;
    ALTER TABLE message ADD COLUMN expires_after INTEGER;
    ALTER TABLE message ADD COLUMN expires_at INTEGER;
    ALTER TABLE message ADD COLUMN file_name TEXT;
    ALTER TABLE message ADD COLUMN file_type TEXT;
    ALTER TABLE message ADD COLUMN file_size INTEGER;
    ALTER TABLE message ADD COLUMN attachment TEXT;
    CREATE INDEX message_bookmarked ON message (position) WHERE bookmarked = 1;
    CREATE INDEX message_expiring ON message (expires_at) WHERE expires_at IS NOT NULL;
    CREATE INDEX message_unstarted ON message (conversation, position) WHERE expires_after IS NOT NULL AND expires_at IS NULL;

    ALTER TABLE conversation ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE conversation ADD COLUMN archived_base INTEGER;
    ALTER TABLE conversation ADD COLUMN keep_days INTEGER;
    ALTER TABLE conversation ADD COLUMN read_floor INTEGER NOT NULL DEFAULT -1;
    ALTER TABLE conversation ADD COLUMN own_timer INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE conversation ADD COLUMN own_timer_base INTEGER NOT NULL DEFAULT -1;
    ALTER TABLE conversation ADD COLUMN peer_timer INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE conversation ADD COLUMN peer_timer_base INTEGER NOT NULL DEFAULT -1;

    CREATE TABLE saved_search (
      id TEXT PRIMARY KEY,
      account TEXT NOT NULL,
      name TEXT NOT NULL,
      query TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX entry_saved_search ON entry (account, subject) WHERE conversation IS NULL AND subject IS NOT NULL;

    CREATE TABLE attachment (
      id TEXT NOT NULL,
      entry BLOB NOT NULL,
      size INTEGER NOT NULL,
      PRIMARY KEY (id, entry)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX attachment_entry ON attachment (entry);
    CREATE TABLE dropped_attachment (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE TRIGGER entry_gone AFTER DELETE ON entry BEGIN
      DELETE FROM attachment WHERE entry = old.id;
    END;
    CREATE TRIGGER attachment_gone AFTER DELETE ON attachment
      WHEN NOT EXISTS (SELECT 1 FROM attachment WHERE id = old.id) BEGIN
      INSERT OR IGNORE INTO dropped_attachment (id) VALUES (old.id);
    END;
  `,
}
