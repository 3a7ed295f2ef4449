-- What a batch is that begins at or before its device's head: `repeated` with the day it came, `fork`, or `behind` all that is kept. The
-- last header stands for all before it and for their bodies, of which some may have been erased since.
CREATE FUNCTION judge_old(
  of_account text, of_device bytea, new_first bigint, new_last bigint, new_hash bytea, seen head, OUT answer text, OUT day integer
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  SELECT CASE WHEN b.first = new_first AND b.hash = new_hash THEN 'repeated' ELSE 'fork' END, s.day INTO answer, day
    FROM span s LEFT JOIN batch b
      ON b.account = of_account AND b.device = of_device AND b.day = s.day AND b.last = new_last
    WHERE s.account = of_account AND s.device = of_device AND s.first <= new_last
    ORDER BY s.day DESC LIMIT 1;
  -- Of what is not kept, only the end is known.
  IF answer IS NULL AND new_last >= seen.seq THEN
    answer := CASE WHEN new_last = seen.seq AND new_hash = seen.hash THEN 'repeated' ELSE 'fork' END;
    day := seen.day;
  END IF;
  answer := coalesce(answer, 'behind');
END
$$;

-- Adds a batch behind its device's head. A function, so that it is one round trip and no transaction waits for a client.
-- `answer`: stored, repeated, fork, gap, behind, quota; `later` = the day has to be opened first; `tombstones` = so many rows of `tombstone` are
-- about its bodies, and it was `known_tombstones` that were taken out of it. `day` is that of receipt; `head_…` is how far the device is.
CREATE FUNCTION append_batch(
  to_account text, of_device bytea, new_first bigint, new_last bigint, new_previous bytea, new_hash bytea, new_begins boolean,
  new_bytes bytea, known_tombstones bigint, clock_day integer, quota bigint,
  OUT answer text, OUT day integer, OUT head_seq bigint, OUT head_hash bytea, OUT head_day integer
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  owner account%ROWTYPE;
  seen head%ROWTYPE;
  receipt_now receipt%ROWTYPE;
  is_known boolean;
BEGIN
  LOOP
    SELECT * INTO owner FROM account WHERE account = to_account FOR UPDATE;
    is_known := FOUND;
    SELECT * INTO receipt_now FROM receipt;
    IF clock_day > receipt_now.day THEN
      answer := 'later';
      RETURN;
    END IF;

    SELECT * INTO seen FROM head WHERE account = to_account AND device = of_device FOR UPDATE;
    head_seq := seen.seq;
    head_hash := seen.hash;
    head_day := seen.day;
    IF new_first <= coalesce(seen.seq, 0) THEN
      SELECT * INTO answer, day FROM judge_old(to_account, of_device, new_first, new_last, new_hash, seen);
      RETURN;
    ELSIF seen.seq IS NULL AND new_begins THEN
      -- Its writer has nothing older: there is nothing that it would have to follow.
      NULL;
    ELSIF new_first > coalesce(seen.seq, 0) + 1 THEN
      answer := 'gap';
      RETURN;
    ELSIF new_previous <> coalesce(seen.hash, decode(repeat('00', 32), 'hex')) THEN
      answer := 'fork';
      RETURN;
    END IF;

    IF owner.has_tombstones AND known_tombstones <> (
      SELECT count(*) FROM tombstone WHERE account = to_account AND device = of_device AND seq BETWEEN new_first AND new_last
    ) THEN
      answer := 'tombstones';
      RETURN;
    END IF;

    IF owner.drops IS DISTINCT FROM receipt_now.drops THEN
      SELECT coalesce(sum(bytes), 0) INTO owner.bytes FROM span WHERE account = to_account;
    END IF;
    IF owner.bytes + length(new_bytes) > quota THEN
      answer := 'quota';
      RETURN;
    END IF;
    EXIT WHEN is_known;
    -- Only now: a batch that is refused leaves no trace of its account. Whoever comes second decides anew.
    INSERT INTO account (account, position, bytes, drops) VALUES (to_account, 0, 0, receipt_now.drops) ON CONFLICT DO NOTHING;
    owner.position := 0;
    EXIT WHEN FOUND;
  END LOOP;

  answer := 'stored';
  day := receipt_now.day;
  INSERT INTO head (account, device, seq, hash, day) VALUES (to_account, of_device, new_last, new_hash, receipt_now.day)
    ON CONFLICT (account, device) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, day = excluded.day;
  INSERT INTO span AS old (account, device, day, first, last, batches, bytes)
    VALUES (to_account, of_device, receipt_now.day, new_first, new_last, 1, length(new_bytes))
    ON CONFLICT (account, device, day) DO UPDATE
      SET last = excluded.last, batches = old.batches + 1, bytes = old.bytes + excluded.bytes;
  INSERT INTO batch (account, device, day, first, last, position, hash, size, bytes)
    VALUES (to_account, of_device, receipt_now.day, new_first, new_last, owner.position + 1, new_hash, length(new_bytes), new_bytes);
  UPDATE account SET position = owner.position + 1, bytes = owner.bytes + length(new_bytes), drops = receipt_now.drops
    WHERE account = to_account;
END
$$;
