import type { Database } from 'better-sqlite3'
import { initial } from './0001-initial.ts'
import { calls } from './0002-calls.ts'
import { callMemoryAge } from './0003-call-memory-age.ts'
import { kept } from './0004-kept.ts'
import { unreadFields } from './0005-unread-fields.ts'
import { secrets } from './0006-secrets.ts'
import { longerPrefixes } from './0007-longer-prefixes.ts'
import { wordsThatWait } from './0008-words-that-wait.ts'
import { replica } from './0009-replica.ts'
import { replicaBlobs } from './0010-replica-blobs.ts'
import { reactions } from './0011-reactions.ts'
import { oneOrder } from './0012-one-order.ts'

/** One step of the schema. Never changed after a release: a mistake is corrected by the next step. */
export interface Migration {
  /** Schema version after this step, in `PRAGMA user_version`. */
  readonly version: number
  readonly sql: string
  /** Work that SQL alone cannot do; runs in the same transaction, after `sql`. */
  readonly run?: (db: Database) => void
}

/** All steps, ascending, without gaps. */
export const migrations: readonly Migration[] = [
  initial,
  calls,
  callMemoryAge,
  kept,
  unreadFields,
  secrets,
  longerPrefixes,
  wordsThatWait,
  replica,
  replicaBlobs,
  reactions,
  oneOrder,
]

/** Schema version this program writes. */
export const currentVersion = migrations.length
