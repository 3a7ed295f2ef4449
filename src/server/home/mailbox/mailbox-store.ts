import type { Statement } from 'better-sqlite3'
import type { HomeDatabase } from '../data-dir/database.ts'
import { dayOf, dayStart } from '../data-dir/day.ts'
import { isCode } from '../data-dir/private-file.ts'
import type { HomeLimits } from '../limits.ts'
import type { MailboxPort, StoredMessage } from '../proxy/ports.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { messageOf, sizeOf, type MessageRow } from './message-row.ts'
import { Usage } from './usage.ts'

/** Stands for "the first device to register": an instance never looks like this. */
const anyDevice = '*'

type StoreOutcome = Result<string, 'mailbox-full' | 'mailbox-failed'>

interface Waiting {
  readonly user: string
  readonly instances: readonly string[]
  readonly message: StoredMessage
  readonly resolve: (outcome: StoreOutcome) => void
}

/** A message that one device still has to get. */
export interface PendingDelivery {
  readonly seq: number
  readonly id: string
  readonly message: StoredMessage
}

/**
 * Messages kept per device until each took its copy or 60 days passed. All stores of one turn of the event loop share a
 * transaction, and their promises resolve when it is on disk.
 */
export class MailboxStore implements MailboxPort {
  readonly #database: HomeDatabase
  readonly #clock: ClockPort
  readonly #random: RandomPort
  readonly #log: LogPort
  readonly #limits: HomeLimits
  readonly #usage: Usage
  readonly #findPending: Statement<[string, string, number], MessageRow>
  readonly #dropIfDone: Statement<[number, number], { sender: string; size: number }>
  /** Device → day written, so that re-registrations cost no transaction. */
  readonly #seenToday = new Map<string, number>()
  #queue: Waiting[] = []

  constructor(ports: {
    readonly database: HomeDatabase
    readonly clock: ClockPort
    readonly random: RandomPort
    readonly log: LogPort
    readonly limits: HomeLimits
  }) {
    this.#database = ports.database
    this.#clock = ports.clock
    this.#random = ports.random
    this.#log = ports.log
    this.#limits = ports.limits
    this.#usage = new Usage(ports.database.sql, ports.limits)
    this.#findPending = ports.database.sql.prepare(
      `SELECT m.* FROM message m JOIN delivery d ON d.message = m.seq
       WHERE m.recipient = ? AND d.instance = ? AND m.seq > ? ORDER BY m.seq LIMIT 1`,
    )
    this.#dropIfDone = ports.database.sql.prepare(
      `DELETE FROM message WHERE seq = ? AND NOT EXISTS (SELECT 1 FROM delivery WHERE message = ?)
       RETURNING sender, size`,
    )
  }

  devices(user: string): readonly string[] {
    return this.#database.sql
      .prepare<[string, number], { instance: string }>(
        'SELECT instance FROM device WHERE user = ? AND last_seen_day >= ? ORDER BY instance',
      )
      .all(user, this.#oldestDay())
      .map((row) => row.instance)
  }

  deviceSeen(user: string, instance: string): void {
    const today = dayOf(this.#clock.now())
    const key = `${user} ${instance}`
    if (this.#seenToday.get(key) === today) return
    this.#recordDevice(user, instance, today)
    this.#seenToday.set(key, today)
  }

  store(user: string, instances: readonly string[], message: StoredMessage): Promise<StoreOutcome> {
    return new Promise((resolve) => {
      this.#queue.push({ user, instances, message, resolve })
      if (this.#queue.length === 1) setImmediate(() => this.flush())
    })
  }

  /** Commits what waits; called by itself and before the server stops. */
  flush(): void {
    const batch = this.#queue
    this.#queue = []
    if (batch.length === 0) return
    let outcomes: StoreOutcome[]
    try {
      outcomes = this.#database.sql.transaction(() => batch.map((waiting) => this.#insert(waiting)))()
    } catch (cause) {
      this.#usage.forgetAll()
      this.#log.error('mailbox-commit-failed', { reason: isCode(cause, 'SQLITE_FULL') ? 'disk-full' : 'disk-failed' })
      outcomes = batch.map(() => err('mailbox-failed'))
    }
    batch.forEach(({ resolve }, index) => resolve(outcomes[index] ?? err('mailbox-failed')))
  }

  forget(user: string, instance: string, id: string): void {
    const row = this.#database.sql
      .prepare<[string, string], { seq: number }>('SELECT seq FROM message WHERE id = ? AND recipient = ?')
      .get(id, user)
    if (row !== undefined) this.delivered(user, instance, row.seq)
  }

  /** The next message for a device after `seq`, oldest first; null when it has had all. */
  next(user: string, instance: string, afterSeq: number): PendingDelivery | null {
    const row = this.#findPending.get(user, instance, afterSeq)
    return row === undefined ? null : { seq: row.seq, id: row.id, message: messageOf(row) }
  }

  /** A device has its copy: it is never sent there again, and is deleted when no other device waits for it. */
  delivered(user: string, instance: string, seq: number): void {
    const { sql } = this.#database
    sql.transaction(() => {
      sql.prepare('DELETE FROM delivery WHERE message = ? AND instance = ?').run(seq, instance)
      const gone = this.#dropIfDone.get(seq, seq)
      if (gone !== undefined) this.#usage.subtract(user, gone.sender, gone.size)
    })()
    this.#database.markErased()
  }

  /** Deletes messages past retention, devices not seen for as long, and what only such devices waited for. */
  expire(): void {
    const { sql } = this.#database
    const oldest = this.#oldestDay()
    const gone = sql.transaction(() => {
      const messages = sql.prepare('DELETE FROM message WHERE received_at < ?').run(dayStart(oldest)).changes
      sql
        .prepare(
          `DELETE FROM delivery WHERE EXISTS (SELECT 1 FROM device d JOIN message m ON m.recipient = d.user
           WHERE m.seq = delivery.message AND d.instance = delivery.instance AND d.last_seen_day < ?)`,
        )
        .run(oldest)
      const devices = sql.prepare('DELETE FROM device WHERE last_seen_day < ?').run(oldest).changes
      const unwanted = sql.prepare('DELETE FROM message WHERE seq NOT IN (SELECT message FROM delivery)').run().changes
      return messages + devices + unwanted
    })()
    this.#seenToday.clear()
    if (gone === 0) return
    this.#usage.forgetAll()
    this.#database.markErased()
  }

  /** Erases every message that waits for `user`; their devices stay known. */
  erase(user: string): void {
    this.#database.sql.prepare('DELETE FROM message WHERE recipient = ?').run(user)
    this.#usage.forgetAll()
    this.#database.markErased()
  }

  /** Erases everything about `user`: their mailbox, devices, and what they sent that still waits for others. */
  eraseUser(user: string, aor: string): void {
    const { sql } = this.#database
    this.flush()
    sql.transaction(() => {
      sql.prepare('DELETE FROM message WHERE recipient = ? OR sender = ?').run(user, aor)
      sql.prepare('DELETE FROM device WHERE user = ?').run(user)
    })()
    this.#seenToday.clear()
    this.#usage.forgetAll()
    this.#database.markErased()
  }

  #insert({ user, instances, message }: Waiting): StoreOutcome {
    const { sql } = this.#database
    const targets = instances.length === 0 ? [anyDevice] : instances
    const known = sql
      .prepare<[string, string, string, Uint8Array], { seq: number; id: string }>(
        // The same Call-ID with other words is another message: a sender repeats one in another form.
        'SELECT seq, id FROM message WHERE call_id = ? AND recipient = ? AND sender = ? AND body = ?',
      )
      .get(message.callId, user, message.from, message.body)
    if (known === undefined && !this.#usage.hasRoom(user, message.from, sizeOf(message))) return err('mailbox-full')
    const { seq, id } = known ?? this.#insertMessage(user, message)
    const add = sql.prepare('INSERT OR IGNORE INTO delivery (message, instance) VALUES (?, ?)')
    for (const instance of targets) add.run(seq, instance)
    return ok(id)
  }

  #insertMessage(user: string, message: StoredMessage): { seq: number; id: string } {
    const id = toBase64Url(this.#random.bytes(16))
    const size = sizeOf(message)
    const { lastInsertRowid } = this.#database.sql
      .prepare(
        `INSERT INTO message (id, recipient, sender, from_header, to_aor, call_id, received_at, headers, body, size)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        id,
        user,
        message.from,
        message.fromHeader,
        message.to,
        message.callId,
        message.receivedAt,
        JSON.stringify(message.headers),
        message.body,
        size,
      )
    this.#usage.add(user, message.from, size)
    return { seq: Number(lastInsertRowid), id }
  }

  #recordDevice(user: string, instance: string, today: number): void {
    const { sql } = this.#database
    sql.transaction(() => {
      sql
        .prepare('INSERT OR REPLACE INTO device (user, instance, last_seen_day) VALUES (?, ?, ?)')
        .run(user, instance, today)
      sql
        .prepare(
          `UPDATE OR IGNORE delivery SET instance = ? WHERE instance = '${anyDevice}'
           AND message IN (SELECT seq FROM message WHERE recipient = ?)`,
        )
        .run(instance, user)
      // The device unseen for longest gives way; nobody has so many.
      sql
        .prepare(
          `DELETE FROM device WHERE user = ? AND instance NOT IN
           (SELECT instance FROM device WHERE user = ? ORDER BY last_seen_day DESC, instance = ? DESC LIMIT ?)`,
        )
        .run(user, user, instance, this.#limits.devicesPerUser)
    })()
  }

  #oldestDay(): number {
    return dayOf(this.#clock.now()) - this.#limits.retentionDays
  }
}
