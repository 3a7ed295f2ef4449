import type { Migration } from './migrations.ts'

/** What calls keep: their rows among the messages, the policy of a contact, and what no entry may hold (docs/history.md). */
export const calls: Migration = {
  version: 2,
  sql: `
    ALTER TABLE conversation ADD COLUMN call_policy TEXT;

    ALTER TABLE message ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE message ADD COLUMN call_outcome TEXT;
    ALTER TABLE message ADD COLUMN call_video INTEGER;
    ALTER TABLE message ADD COLUMN call_duration INTEGER;
    ALTER TABLE message ADD COLUMN call_readers TEXT;
    DROP INDEX message_unread;
    CREATE INDEX message_unread ON message (conversation, position) WHERE incoming = 1 AND deleted = 0 AND quiet = 0;

    CREATE TABLE zrtp_zid (account TEXT PRIMARY KEY, zid BLOB NOT NULL UNIQUE) STRICT, WITHOUT ROWID;
    CREATE TABLE zrtp_peer (
      own_zid BLOB NOT NULL,
      peer_zid BLOB NOT NULL,
      account TEXT NOT NULL,
      peer TEXT NOT NULL,
      rs1 BLOB,
      rs2 BLOB,
      verified INTEGER NOT NULL,
      name TEXT NOT NULL,
      updated_at INTEGER NOT NULL,
      expires_at INTEGER,
      PRIMARY KEY (own_zid, peer_zid)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX zrtp_peer_contact ON zrtp_peer (account, peer);
    CREATE TABLE call_memory (
      account TEXT NOT NULL,
      peer TEXT NOT NULL,
      keys TEXT NOT NULL,
      PRIMARY KEY (account, peer)
    ) STRICT, WITHOUT ROWID;
  `,
}
