/** Reads what own devices said beside messages and contacts; few entries, merged anew each time. */
import type { Database } from 'better-sqlite3'
import { decodeStoredEntry } from '#shared/model/entry-codec.ts'
import { kinds } from '#shared/model/entry-fields.ts'
import type { Aor } from '#shared/model/ids.ts'
import { mergeAccountSettings, type FollowingSettings } from '#shared/model/merge-account-settings.ts'
import { mergeMarks, type MergedMark } from '#shared/model/merge-mark.ts'

/** As {@link HistoryReaderPort.marks}. */
export function readMarks(db: Database, account: Aor, peer: Aor): readonly MergedMark[] {
  const found = db.prepare<[string, string], Uint8Array>(
    `SELECT bytes FROM conversation JOIN entry ON entry.conversation = conversation.ref AND entry.subject IS NULL
       WHERE conversation.account = ? AND conversation.peer = ? AND entry.kind = ${kinds.mark.number}`,
  )
  return mergeMarks(found.pluck().all(account, peer).map(decodeStoredEntry))
}

/** As {@link HistoryReaderPort.followingSettings}. */
export function readFollowingSettings(db: Database, account: Aor): FollowingSettings {
  const found = db.prepare<[string], Uint8Array>(
    `SELECT bytes FROM entry WHERE account = ? AND conversation IS NULL AND subject IS NOT NULL
       AND kind = ${kinds['account-settings'].number}`,
  )
  return mergeAccountSettings(found.pluck().all(account).map(decodeStoredEntry))
}
