-- Which erasures of accounts were done in this database: after a restored backup the server tells by it which ones have to be done again. The list
-- of all of them is in a file of the server, outside its backups; `name` is what that list calls an account.
CREATE TABLE erased_account (
  name text PRIMARY KEY,
  -- Milliseconds since 1970.
  at bigint NOT NULL
);
