import type { Migration } from './migrations.ts'

/**
 * The journal of replication, per account that replicates: how far each device is read, what waits to be sealed, what is sealed, which
 * entry stands in which envelope, what is erased, missing, unopened or wrong (docs/history.md). `kept_at` is this device's clock.
 */
export const replica: Migration = {
  version: 9,
  sql: `
    CREATE TABLE replica (
      ref INTEGER PRIMARY KEY,
      account TEXT NOT NULL UNIQUE,
      own_device BLOB,
      own_seq INTEGER,
      own_hash BLOB,
      own_at INTEGER,
      confirmed INTEGER NOT NULL DEFAULT 0,
      snapshot_since INTEGER NOT NULL,
      snapshot_first INTEGER NOT NULL,
      snapshot_next INTEGER NOT NULL,
      snapshot_end INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE replica_device (
      ref INTEGER PRIMARY KEY,
      replica INTEGER NOT NULL REFERENCES replica (ref) ON DELETE CASCADE,
      id BLOB NOT NULL,
      seq INTEGER,
      hash BLOB,
      at INTEGER,
      claimed_seq INTEGER,
      claimed_hash BLOB,
      claimed_at INTEGER,
      UNIQUE (replica, id)
    ) STRICT;
    CREATE TABLE replica_hash (
      device INTEGER NOT NULL REFERENCES replica_device (ref) ON DELETE CASCADE,
      seq INTEGER NOT NULL,
      hash BLOB NOT NULL,
      kept_at INTEGER NOT NULL,
      PRIMARY KEY (device, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE replica_sealed (
      replica INTEGER NOT NULL REFERENCES replica (ref) ON DELETE CASCADE,
      first INTEGER NOT NULL,
      last INTEGER NOT NULL,
      hash BLOB NOT NULL,
      at INTEGER NOT NULL,
      cursor INTEGER NOT NULL,
      kept_at INTEGER NOT NULL,
      bytes BLOB NOT NULL,
      PRIMARY KEY (replica, first)
    ) STRICT;
    CREATE TABLE replica_unsealed (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      replica INTEGER NOT NULL REFERENCES replica (ref) ON DELETE CASCADE,
      entry INTEGER NOT NULL UNIQUE REFERENCES entry (seq) ON DELETE CASCADE
    ) STRICT;
    CREATE INDEX replica_unsealed_next ON replica_unsealed (replica, id);
    CREATE TABLE replica_envelope (
      device INTEGER NOT NULL REFERENCES replica_device (ref) ON DELETE CASCADE,
      seq INTEGER NOT NULL,
      body_hash BLOB NOT NULL,
      kept_at INTEGER NOT NULL,
      entry INTEGER NOT NULL REFERENCES entry (seq) ON DELETE CASCADE,
      PRIMARY KEY (device, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX replica_envelope_entry ON replica_envelope (entry);
    CREATE TABLE replica_tombstone (
      device INTEGER NOT NULL REFERENCES replica_device (ref) ON DELETE CASCADE,
      seq INTEGER NOT NULL,
      body_hash BLOB NOT NULL,
      kept_at INTEGER NOT NULL,
      sent INTEGER NOT NULL,
      PRIMARY KEY (device, seq, body_hash)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX replica_tombstone_due ON replica_tombstone (device) WHERE sent = 0;
    CREATE TABLE replica_missing (
      device INTEGER NOT NULL REFERENCES replica_device (ref) ON DELETE CASCADE,
      seq INTEGER NOT NULL,
      body_hash BLOB NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (device, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE replica_unopened (
      device INTEGER NOT NULL REFERENCES replica_device (ref) ON DELETE CASCADE,
      seq INTEGER NOT NULL,
      body_hash BLOB NOT NULL,
      header BLOB,
      content BLOB NOT NULL,
      PRIMARY KEY (device, seq)
    ) STRICT;
    CREATE TABLE replica_fault (
      replica INTEGER NOT NULL REFERENCES replica (ref) ON DELETE CASCADE,
      name TEXT NOT NULL,
      fault TEXT NOT NULL,
      UNIQUE (replica, name)
    ) STRICT;
  `,
}
