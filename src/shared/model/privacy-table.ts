import { historyPrivacyRows } from './privacy-history-rows.ts'
import { journalPrivacyRows } from './privacy-journal-rows.ts'
import { replicaPrivacyRows } from './privacy-replica-rows.ts'
import { serverPrivacyRows } from './privacy-server-rows.ts'
import type { PrivacyRow } from './views.ts'

/**
 * A row of the privacy table and what it answers for: names such as `server.account.user` (table and column),
 * `history.message.text`, `profile.file.keys.json`, `server.file.home.db`, `server.log.status`, `replica.batch.bytes`, `server.memory.bindings`. Tests compare them with what there really is.
 */
export interface PrivacyTableRow extends PrivacyRow {
  readonly covers: readonly string[]
}

/** The one source of the privacy page and of the table in `docs/privacy.md` (`node scripts/privacy-doc.mjs`). */
export const privacyTable: readonly PrivacyTableRow[] = [
  ...historyPrivacyRows,
  ...journalPrivacyRows,
  ...serverPrivacyRows,
  ...replicaPrivacyRows,
]
