/** What the store asks of PostgreSQL; named, so that each is planned once per connection. */

/**
 * Of each device what comes next, a few rows of an index that begins with account and device; then the first of all those by order of
 * receipt that fit. `$1` account, `$2`, `$3` devices and seqs of the cursor, `$4` bytes, `$5` rows.
 */
export const pageText = `
WITH behind AS MATERIALIZED (
  SELECT h.device, coalesce(c.seq, 0) AS seq, coalesce((
      SELECT s.day FROM span s WHERE s.account = $1 AND s.device = h.device AND s.first <= coalesce(c.seq, 0) + 1
      ORDER BY s.day DESC LIMIT 1), 0) AS day
    FROM head h LEFT JOIN unnest($2::bytea[], $3::bigint[]) AS c (device, seq) ON c.device = h.device
    WHERE h.account = $1 AND h.seq > coalesce(c.seq, 0)
), near AS (
  SELECT ahead.* FROM behind, LATERAL (
    SELECT b.device, b.first, b.last, b.day, b.position, b.size, b.bytes FROM batch b
      WHERE b.account = $1 AND b.device = behind.device AND b.day >= behind.day AND b.last > behind.seq
      ORDER BY b.day, b.last LIMIT $5 + 1) AS ahead
  ORDER BY position LIMIT $5 + 1
), counted AS (
  SELECT *, sum(size) OVER so_far AS upto, row_number() OVER so_far AS number, count(*) OVER () AS found
    FROM near WINDOW so_far AS (ORDER BY position)
)
SELECT device, first, last, day, bytes, found FROM counted
  WHERE (upto <= $4 OR number = 1) AND number <= $5 ORDER BY position`

/** As {@link pageText} from the other end. `$1` account, `$2` bytes, `$3` rows. */
export const newestText = `
WITH near AS (
  SELECT latest.* FROM head h, LATERAL (
    SELECT b.device, b.first, b.last, b.day, b.position, b.size, b.bytes FROM batch b
      WHERE b.account = $1 AND b.device = h.device ORDER BY b.day DESC, b.last DESC LIMIT $3) AS latest
  WHERE h.account = $1 ORDER BY position DESC LIMIT $3
), counted AS (
  SELECT *, sum(size) OVER so_far AS upto, row_number() OVER so_far AS number
    FROM near WINDOW so_far AS (ORDER BY position DESC)
)
SELECT device, first, last, day, bytes FROM counted WHERE upto <= $2 OR number = 1 ORDER BY position DESC`

export const appendText = 'SELECT * FROM append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)'

/** Bodies that a batch must not bring. `$1` account, `$2` device, `$3`, `$4` its seqs. */
export const tombstonesText = `
SELECT device, seq, body_hash FROM tombstone WHERE account = $1 AND device = $2 AND seq BETWEEN $3 AND $4`

export const headsText = 'SELECT device, seq, hash, day FROM head WHERE account = $1 ORDER BY device'

export const usageText = `
SELECT coalesce(sum(batches), 0) AS batches, coalesce(sum(bytes), 0) AS bytes, min(day) AS oldest
  FROM span WHERE account = $1`

/** Which batch each envelope is in. `$1` account, `$2`, `$3` devices and seqs. */
export const placesText = `
SELECT e.device, e.seq, s.day, found.last FROM unnest($2::bytea[], $3::bigint[]) AS e (device, seq)
  JOIN span s ON s.account = $1 AND s.device = e.device AND s.first <= e.seq AND s.last >= e.seq,
  LATERAL (
    SELECT b.first, b.last FROM batch b WHERE b.account = $1 AND b.device = e.device AND b.day = s.day AND b.last >= e.seq
      ORDER BY b.last LIMIT 1) AS found
  WHERE found.first <= e.seq`

const batchKey = 'account = $1 AND device = $2 AND day = $3 AND last = $4'
export const bytesText = `SELECT bytes FROM batch WHERE ${batchKey}`
export const replaceText = `UPDATE batch SET bytes = $5, size = length($5::bytea) WHERE ${batchKey}`
/** Takes `$4` bytes off what an account is counted to have. */
export const shrinkSpanText = 'UPDATE span SET bytes = bytes - $4 WHERE account = $1 AND device = $2 AND day = $3'
export const shrinkAccountText = 'UPDATE account SET bytes = bytes - $2 WHERE account = $1'

/** Waits for whoever adds to this account or erases in it, and keeps others waiting. */
export const lockText = 'SELECT 1 FROM account WHERE account = $1 FOR UPDATE'
/** A row to lock, where there is none yet. */
export const makeAccountText = `
INSERT INTO account (account, position, bytes, drops) SELECT $1, 0, 0, drops FROM receipt ON CONFLICT DO NOTHING`

/** Remembers what has not come yet. `$1` account, `$2`, `$3`, `$4` devices, seqs and hashes. */
export const rememberText = `
INSERT INTO tombstone (account, device, seq, body_hash, day)
  SELECT DISTINCT $1, e.device, e.seq, e.hash, receipt.day
    FROM receipt, unnest($2::bytea[], $3::bigint[], $4::bytea[]) AS e (device, seq, hash)
    LEFT JOIN head h ON h.account = $1 AND h.device = e.device
    WHERE e.seq > coalesce(h.seq, 0)
  ON CONFLICT DO NOTHING`
export const lookForTombstonesText = 'UPDATE account SET has_tombstones = true WHERE account = $1'

export const daysText = `
SELECT day FROM tombstone WHERE account = $1 UNION SELECT day FROM span WHERE account = $1`
/** Everything of an account; in the order in which days are locked, `account` last, it is the lock. */
export const eraseTexts = ['tombstone', 'span', 'batch', 'head', 'account'].map(
  (table) => `DELETE FROM ${table} WHERE account = $1`,
)
