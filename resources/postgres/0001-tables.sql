-- Sealed histories. Nothing in here can be read by whoever runs this database: `bytes` are sealed by the devices of an account; the
-- rest says which device of which account wrote how much, and on which day it came (days since 1970-01-01, UTC).
--
-- Every key begins with the account, so that all rows of an account can be on one machine (docs/scaling.md).

-- One row per account. Whoever adds to an account or erases in it locks this row first, so that `position` is the order of commits.
CREATE TABLE account (
  account text PRIMARY KEY,
  -- Place of the newest batch in the order of receipt.
  position bigint NOT NULL,
  -- Bytes of all batches as of `drops`; counted anew when days were dropped since.
  bytes bigint NOT NULL,
  drops bigint NOT NULL,
  -- Whether rows of `tombstone` have to be looked for.
  has_tombstones boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);

-- How far each device has written; kept when its batches are gone.
CREATE TABLE head (
  account text NOT NULL,
  device bytea NOT NULL,
  seq bigint NOT NULL,
  -- SHA-256 of the last header.
  hash bytea NOT NULL,
  day integer NOT NULL,
  PRIMARY KEY (account, device)
) WITH (fillfactor = 50);

-- What a device wrote on a day: finds the day of a batch, and counts what an account has without reading its batches.
CREATE TABLE span (
  account text NOT NULL,
  device bytea NOT NULL,
  day integer NOT NULL,
  first bigint NOT NULL,
  last bigint NOT NULL,
  batches bigint NOT NULL,
  bytes bigint NOT NULL,
  PRIMARY KEY (account, device, day)
) PARTITION BY RANGE (day);

CREATE TABLE batch (
  account text NOT NULL,
  device bytea NOT NULL,
  day integer NOT NULL,
  -- Seq of its first and last envelope.
  first bigint NOT NULL,
  last bigint NOT NULL,
  position bigint NOT NULL,
  -- SHA-256 of its last header.
  hash bytea NOT NULL,
  size integer NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (account, device, day, last)
) PARTITION BY RANGE (day);
-- Sealed bytes do not become smaller.
ALTER TABLE batch ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- Bodies that are to be forgotten and have not come yet, by the day on which that was said.
CREATE TABLE tombstone (
  account text NOT NULL,
  device bytea NOT NULL,
  seq bigint NOT NULL,
  body_hash bytea NOT NULL,
  day integer NOT NULL,
  PRIMARY KEY (account, device, seq, body_hash, day)
) PARTITION BY RANGE (day);

-- PostgreSQL would keep samples of these as statistics, also of rows that were erased.
ALTER TABLE account ALTER account SET STATISTICS 0;
ALTER TABLE head ALTER account SET STATISTICS 0, ALTER device SET STATISTICS 0, ALTER hash SET STATISTICS 0;

-- The days that have partitions.
CREATE TABLE stored_day (day integer PRIMARY KEY);

-- One row: the day on which batches are received, which never goes back, and how often days were dropped.
CREATE TABLE receipt (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  day integer NOT NULL,
  drops bigint NOT NULL
);
INSERT INTO receipt (day, drops) VALUES (0, 0);
