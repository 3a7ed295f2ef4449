import type { Migration } from './migrations.ts'

/** The first schema; docs/history.md explains each table. */
export const initial: Migration = {
  version: 1,
  sql: `
    CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE account (aor TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT, WITHOUT ROWID;

    CREATE TABLE conversation (
      ref INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      account TEXT NOT NULL,
      peer TEXT NOT NULL,
      name TEXT NOT NULL DEFAULT '',
      peer_name TEXT NOT NULL DEFAULT '',
      note TEXT NOT NULL DEFAULT '',
      policy TEXT NOT NULL DEFAULT 'none',
      muted INTEGER NOT NULL DEFAULT 0,
      added_at INTEGER,
      draft TEXT NOT NULL DEFAULT '',
      draft_at INTEGER,
      total INTEGER NOT NULL DEFAULT 0,
      unread INTEGER NOT NULL DEFAULT 0,
      read_position INTEGER NOT NULL DEFAULT -1,
      last_position INTEGER
    ) STRICT;
    CREATE INDEX conversation_account ON conversation (account);

    CREATE TABLE entry (
      seq INTEGER PRIMARY KEY,
      id BLOB NOT NULL UNIQUE,
      account TEXT NOT NULL,
      conversation INTEGER REFERENCES conversation (ref),
      kind INTEGER NOT NULL,
      author TEXT,
      subject TEXT,
      bytes BLOB NOT NULL
    ) STRICT;
    CREATE INDEX entry_subject ON entry (conversation, subject, author) WHERE subject IS NOT NULL;
    CREATE INDEX entry_contact ON entry (conversation) WHERE subject IS NULL AND conversation IS NOT NULL;
    CREATE INDEX entry_unknown ON entry (kind) WHERE conversation IS NULL;

    CREATE TABLE message (
      position INTEGER PRIMARY KEY,
      base INTEGER NOT NULL,
      conversation INTEGER NOT NULL REFERENCES conversation (ref),
      author TEXT NOT NULL,
      message_id TEXT NOT NULL,
      variant INTEGER NOT NULL,
      incoming INTEGER NOT NULL,
      text TEXT NOT NULL,
      sent_at INTEGER NOT NULL,
      received_at INTEGER NOT NULL,
      state TEXT NOT NULL,
      failure TEXT,
      path TEXT,
      display_receipt INTEGER NOT NULL,
      edited INTEGER NOT NULL,
      deleted INTEGER NOT NULL,
      conflicting INTEGER NOT NULL,
      authenticated_by TEXT NOT NULL,
      read_mark INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX message_page ON message (conversation, position);
    CREATE UNIQUE INDEX message_key ON message (conversation, message_id, author, variant);
    CREATE INDEX message_unread ON message (conversation, position) WHERE incoming = 1 AND deleted = 0;
    CREATE INDEX message_read ON message (conversation, position) WHERE read_mark = 1;
    CREATE VIRTUAL TABLE message_text USING fts5 (body, content = '', tokenize = 'ascii', prefix = '1 2', columnsize = 0);
    INSERT INTO message_text (message_text, rank) VALUES ('secure-delete', 1);

    CREATE TABLE job (
      id TEXT PRIMARY KEY,
      account_id TEXT NOT NULL,
      kind TEXT NOT NULL,
      conversation TEXT NOT NULL,
      destination TEXT NOT NULL,
      message_id TEXT NOT NULL,
      target TEXT NOT NULL,
      content_type TEXT NOT NULL,
      payload BLOB NOT NULL,
      path TEXT,
      created_at INTEGER NOT NULL,
      attempts INTEGER NOT NULL,
      next_attempt_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX job_target ON job (conversation, target);
  `,
}
