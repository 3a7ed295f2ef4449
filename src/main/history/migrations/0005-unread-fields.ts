import type { Migration } from './migrations.ts'

/**
 * Which entries of known kinds hold fields that this version cannot read, to be read again after an update. None is there yet: no
 * version has written a field that this one does not know.
 */
export const unreadFields: Migration = {
  version: 5,
  sql: 'CREATE TABLE entry_unread (seq INTEGER PRIMARY KEY REFERENCES entry (seq) ON DELETE CASCADE) STRICT;',
}
