/** The `job` table: the outbox. */
import type { Database, Statement } from 'better-sqlite3'
import type { AccountId, ConversationId, JobId, MessageId } from '#shared/model/ids.ts'
import type { MessagePath } from '#shared/model/views.ts'
import type { HistoryCommit, JobKind, OutboxJob, WaitingJob } from './port.ts'

/** A row of `job`. */
export interface JobRow {
  readonly id: JobId
  readonly account_id: AccountId
  readonly kind: JobKind
  readonly conversation: ConversationId
  readonly destination: string
  readonly message_id: MessageId
  readonly target: MessageId
  readonly content_type: string
  readonly payload: Uint8Array
  readonly path: MessagePath | null
  readonly created_at: number
  readonly attempts: number
  readonly next_attempt_at: number
  readonly expires_at: number
}

/** Columns of a job without its payload. */
export const waitingJobColumns = `id, account_id, kind, conversation, destination, message_id, target, content_type, path,
  created_at, attempts, next_attempt_at, expires_at`

export function jobOf(row: JobRow): OutboxJob {
  return { ...waitingJobOf(row), payload: new Uint8Array(row.payload) }
}

export function waitingJobOf(row: Omit<JobRow, 'payload'>): WaitingJob {
  return {
    id: row.id,
    accountId: row.account_id,
    kind: row.kind,
    conversation: row.conversation,
    destination: row.destination,
    messageId: row.message_id,
    target: row.target,
    contentType: row.content_type,
    ...(row.path === null ? {} : { path: row.path }),
    createdAt: row.created_at,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    expiresAt: row.expires_at,
  }
}

export class JobStore {
  readonly #insert: Statement<[JobRow]>
  readonly #remove: Statement<[string]>
  readonly #has: Statement<[string], number>
  readonly #reschedule: Statement<[number, number, string]>

  constructor(db: Database) {
    // A job id that is there already is the same job written again after a lost answer.
    this.#insert = db.prepare(
      `INSERT OR IGNORE INTO job VALUES (:id, :account_id, :kind, :conversation, :destination, :message_id, :target,
         :content_type, :payload, :path, :created_at, :attempts, :next_attempt_at, :expires_at)`,
    )
    this.#remove = db.prepare('DELETE FROM job WHERE id = ?')
    this.#has = db.prepare<[string], number>('SELECT 1 FROM job WHERE id = ?').pluck()
    this.#reschedule = db.prepare('UPDATE job SET attempts = ?, next_attempt_at = ? WHERE id = ?')
  }

  has(id: JobId): boolean {
    return this.#has.get(id) !== undefined
  }

  apply(commit: HistoryCommit): void {
    for (const job of commit.addJobs ?? []) this.#insert.run(rowOf(job))
    for (const id of commit.removeJobs ?? []) this.#remove.run(id)
    for (const { id, attempts, nextAttemptAt } of commit.rescheduleJobs ?? []) {
      this.#reschedule.run(attempts, nextAttemptAt, id)
    }
  }
}

function rowOf(job: OutboxJob): JobRow {
  return {
    id: job.id,
    account_id: job.accountId,
    kind: job.kind,
    conversation: job.conversation,
    destination: job.destination,
    message_id: job.messageId,
    target: job.target,
    content_type: job.contentType,
    payload: job.payload,
    path: job.path ?? null,
    created_at: job.createdAt,
    attempts: job.attempts,
    next_attempt_at: job.nextAttemptAt,
    expires_at: job.expiresAt,
  }
}
