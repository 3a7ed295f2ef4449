/** Erases what has disappeared, what is older than it is kept, and the files of attachments that nothing names any more. */
import type { Entry } from '#shared/model/entry.ts'
import { newMessageId } from '#shared/model/derive-ids.ts'
import type { Timer } from '#shared/ports/clock.ts'
import type { ExpiredRow } from '#main/history/port.ts'
import type { UpkeepPorts } from './ports.ts'

/** Rows, or files, erased in one transaction: what people send meanwhile waits no longer than for these. */
const batch = 200
/** How often conversations are looked at for rows that are older than they are kept, ms. */
const retentionMs = 3_600_000
/** After a failure, a full disk perhaps, it is tried again so much later, ms. */
const retryMs = 60_000
/** The longest timer; the system clock may be set meanwhile. */
const longestMs = 3_600_000

export class HistoryUpkeep {
  readonly #ports: UpkeepPorts
  #timer: Timer | null = null
  #nextRetention = 0
  #running: Promise<void> | null = null
  #again = false
  #stopped = false
  #dispose: () => void = () => undefined

  constructor(ports: UpkeepPorts) {
    this.#ports = ports
  }

  /** Resolves when what disappeared while the program was closed is gone; the rest follows by itself. */
  async start(): Promise<void> {
    const { writer } = this.#ports
    this.#dispose = writer.onChange((change) => {
      if (change.attachmentsDropped === true || change.bulk || change.messages.some(hasTime)) this.#wake()
    })
    await this.#eraseExpired().catch(() => undefined)
    await this.#sweep()
    this.#wake()
  }

  /** What a crash left behind: only at start, since an attachment that is being written has no entry yet. Never rejects. */
  async #sweep(): Promise<void> {
    const { attachments, reader, log } = this.#ports
    try {
      await attachments.sweep(new Set(await reader.attachments()))
    } catch {
      log.warn('upkeep.sweep-failed')
    }
  }

  /** Ends after what is under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#dispose()
    this.#timer?.cancel()
    await this.#running
  }

  /** Something about how long things are kept was changed: what is due now goes now. Resolves when it is gone. */
  async enforce(): Promise<void> {
    this.#nextRetention = 0
    await this.#runNow()
  }

  #wake(): void {
    void this.#runNow()
  }

  /** Never rejects. */
  async #runNow(): Promise<void> {
    if (this.#stopped) return
    if (this.#running !== null) {
      this.#again = true
      return this.#running
    }
    this.#timer?.cancel()
    this.#running = this.#work().finally(() => (this.#running = null))
    return this.#running
  }

  async #work(): Promise<void> {
    const { clock, log } = this.#ports
    try {
      do {
        this.#again = false
        await this.#eraseExpired()
        await this.#eraseOld()
        await this.#eraseFiles()
      } while (this.#isWanted())
      this.#schedule(await this.#nextMs())
    } catch {
      log.warn('upkeep.failed')
      this.#schedule(clock.now() + retryMs)
    }
  }

  /** Whether something changed while it was being looked at. */
  #isWanted(): boolean {
    return this.#again && !this.#stopped
  }

  #schedule(atMs: number): void {
    if (this.#stopped) return
    const delayMs = Math.min(Math.max(0, atMs - this.#ports.clock.now()), longestMs)
    this.#timer = this.#ports.clock.after(delayMs, () => this.#wake())
  }

  async #nextMs(): Promise<number> {
    const expiry = await this.#ports.reader.nextExpiry()
    return Math.min(expiry ?? Infinity, this.#nextRetention)
  }

  async #eraseExpired(): Promise<void> {
    const { reader, writer, clock, withdrawNotification } = this.#ports
    for (;;) {
      const rows = this.#stopped ? [] : await reader.expired(clock.now(), batch)
      if (rows.length === 0) return
      // Text, edits, search words, file key and what waits to be sent go in one transaction.
      await writer.commit({
        entries: rows.flatMap((row) => this.#goneEntry(row)),
        eraseRows: rows.map(({ conversation, author, messageId }) => ({ conversation, author, messageId })),
      })
      for (const conversation of new Set(rows.map((row) => row.conversation))) withdrawNotification(conversation)
    }
  }

  /** What keeps a copy that comes later from being shown; without an account there is nobody to say it. */
  #goneEntry(row: ExpiredRow): readonly Entry[] {
    const { entries, deviceOf, clock, random } = this.#ports
    const device = deviceOf(row.account)
    if (device === null) return []
    const { account, conversation, peer, author, messageId: target, place } = row
    const origin = { account, device, authenticatedBy: 'own-device', verified: true } as const
    const by = { conversation, peer, author, messageId: newMessageId(random), sentAt: clock.now() }
    return [entries.make(origin, { kind: 'delete', ...by, target, gone: true, place })]
  }

  async #eraseOld(): Promise<void> {
    const { reader, writer, clock, keepDays } = this.#ports
    if (clock.now() < this.#nextRetention) return
    this.#nextRetention = clock.now() + retentionMs
    for (;;) {
      const overdue = this.#stopped ? [] : await reader.overdue(clock.now(), keepDays())
      if (overdue.length === 0) return
      for (const { conversation, position } of overdue)
        await writer.commit({ dropBefore: { conversation, position, limit: batch } })
    }
  }

  /** The writer looks once more whether nothing names them, in the transaction that erases them. */
  async #eraseFiles(): Promise<void> {
    const { reader, writer } = this.#ports
    const dropped = await reader.droppedAttachments()
    for (let at = 0; at < dropped.length && !this.#stopped; at += batch)
      await writer.commit({ eraseDropped: dropped.slice(at, at + batch) })
  }
}

function hasTime(message: { readonly expiresAt?: number }): boolean {
  return message.expiresAt !== undefined
}
