-- Days: each has a partition of `span`, `batch` and `tombstone`, named after its date.

CREATE FUNCTION partition_name(of_table text, of_day integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT of_table || '_' || to_char('epoch'::date + of_day, 'YYYY_MM_DD')
$$;

-- Waits until nobody is adding or reading, in the order in which they take these tables.
CREATE FUNCTION lock_days() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  LOCK TABLE ONLY tombstone IN ACCESS EXCLUSIVE MODE;
  LOCK TABLE ONLY span IN ACCESS EXCLUSIVE MODE;
  LOCK TABLE ONLY batch IN ACCESS EXCLUSIVE MODE;
END
$$;

-- Makes the partitions of a day and of the two after it; and of the one before, which somebody may still be adding to.
CREATE FUNCTION make_partitions(from_day integer) RETURNS void LANGUAGE plpgsql AS $$
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
    INSERT INTO stored_day VALUES (one_day);
  END LOOP;
END
$$;

-- Receives on this day from now on, unless a later one has begun.
CREATE FUNCTION open_day(new_day integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lock_days();
  UPDATE receipt SET day = new_day WHERE day < new_day;
  PERFORM make_partitions((SELECT day FROM receipt));
END
$$;

-- Removes all that was received before a day: files, not rows.
CREATE FUNCTION drop_before(first_kept integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  gone integer;
BEGIN
  PERFORM lock_days();
  FOR gone IN DELETE FROM stored_day WHERE day < first_kept RETURNING day LOOP
    EXECUTE format('DROP TABLE %I, %I, %I',
      partition_name('span', gone), partition_name('batch', gone), partition_name('tombstone', gone));
  END LOOP;
  UPDATE receipt SET drops = drops + 1;
  PERFORM make_partitions((SELECT day FROM receipt));
END
$$;
