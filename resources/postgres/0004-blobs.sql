-- Sealed attachments, each known by the SHA-256 of its bytes alone; partitioned by the day of their first part.

-- Whoever adds to the blobs of an account or erases some locks this row first.
CREATE TABLE blob_account (account text PRIMARY KEY);
ALTER TABLE blob_account ALTER account SET STATISTICS 0;

CREATE TABLE blob (
  account text NOT NULL,
  hash bytea NOT NULL,
  day integer NOT NULL,
  size bigint NOT NULL,
  received bigint NOT NULL,
  -- All is here, and its hash was checked.
  whole boolean NOT NULL,
  PRIMARY KEY (account, hash, day)
) PARTITION BY RANGE (day);

CREATE TABLE blob_part (
  account text NOT NULL,
  hash bytea NOT NULL,
  day integer NOT NULL,
  at bigint NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (account, hash, day, at)
) PARTITION BY RANGE (day);
-- Sealed bytes do not become smaller.
ALTER TABLE blob_part ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE OR REPLACE FUNCTION lock_days() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  LOCK TABLE ONLY tombstone IN ACCESS EXCLUSIVE MODE;
  LOCK TABLE ONLY span IN ACCESS EXCLUSIVE MODE;
  LOCK TABLE ONLY batch IN ACCESS EXCLUSIVE MODE;
  LOCK TABLE ONLY blob IN ACCESS EXCLUSIVE MODE;
  LOCK TABLE ONLY blob_part IN ACCESS EXCLUSIVE MODE;
END
$$;

CREATE FUNCTION make_blob_partitions(one_day integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  of_table text;
BEGIN
  FOREACH of_table IN ARRAY ARRAY['blob', 'blob_part'] LOOP
    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s)',
      partition_name(of_table, one_day), of_table, one_day, one_day + 1);
    EXECUTE format('ALTER TABLE %I ALTER account SET STATISTICS 0, ALTER hash SET STATISTICS 0', partition_name(of_table, one_day));
  END LOOP;
  EXECUTE format('ALTER TABLE %I ALTER bytes SET STATISTICS 0', partition_name('blob_part', one_day));
END
$$;

-- The days that are there already.
SELECT make_blob_partitions(day) FROM stored_day;

CREATE OR REPLACE FUNCTION make_partitions(from_day integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  one_day integer;
  of_table text;
BEGIN
  FOR one_day IN SELECT d FROM generate_series(from_day - 1, from_day + 2) AS d EXCEPT SELECT day FROM stored_day LOOP
    FOREACH of_table IN ARRAY ARRAY['span', 'batch', 'tombstone'] LOOP
      EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s)',
        partition_name(of_table, one_day), of_table, one_day, one_day + 1);
      -- As in the tables without days: no samples.
      EXECUTE format('ALTER TABLE %I ALTER account SET STATISTICS 0, ALTER device SET STATISTICS 0', partition_name(of_table, one_day));
    END LOOP;
    EXECUTE format('ALTER TABLE %I ALTER hash SET STATISTICS 0, ALTER bytes SET STATISTICS 0', partition_name('batch', one_day));
    EXECUTE format('ALTER TABLE %I ALTER body_hash SET STATISTICS 0', partition_name('tombstone', one_day));
    -- Its rows are counted up all day long.
    EXECUTE format('ALTER TABLE %I SET (fillfactor = 70)', partition_name('span', one_day));
    PERFORM make_blob_partitions(one_day);
    INSERT INTO stored_day VALUES (one_day);
  END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION drop_before(first_kept integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  gone integer;
BEGIN
  PERFORM lock_days();
  FOR gone IN DELETE FROM stored_day WHERE day < first_kept RETURNING day LOOP
    EXECUTE format('DROP TABLE %I, %I, %I, %I, %I',
      partition_name('span', gone), partition_name('batch', gone), partition_name('tombstone', gone),
      partition_name('blob', gone), partition_name('blob_part', gone));
  END LOOP;
  UPDATE receipt SET drops = drops + 1;
  PERFORM make_partitions((SELECT day FROM receipt));
END
$$;
