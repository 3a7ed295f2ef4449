import type { Database, Statement } from 'better-sqlite3'
import type { HomeLimits } from '../limits.ts'

interface Share {
  readonly messages: number
  readonly bytes: number
}

const emptyShare = (): Share => ({ messages: 0, bytes: 0 })

/** Counts what mailboxes hold against their quotas; counted once from an index, then kept up to date in memory. */
export class Usage {
  readonly #limits: HomeLimits
  readonly #count: Statement<[string], { sender: string; messages: number; bytes: number }>
  readonly #countAll: Statement<[], { bytes: number | null }>
  readonly #users = new Map<string, Map<string, Share>>()
  #totalBytes: number | null = null

  constructor(sql: Database, limits: HomeLimits) {
    this.#limits = limits
    this.#count = sql.prepare(
      'SELECT sender, count(*) AS messages, sum(size) AS bytes FROM message WHERE recipient = ? GROUP BY sender',
    )
    this.#countAll = sql.prepare('SELECT sum(size) AS bytes FROM message')
  }

  hasRoom(user: string, sender: string, size: number): boolean {
    const limits = this.#limits
    const senders = this.#of(user)
    const own = senders.get(sender) ?? emptyShare()
    const all = [...senders.values()].reduce(
      (sum, share) => ({ messages: sum.messages + share.messages, bytes: sum.bytes + share.bytes }),
      emptyShare(),
    )
    this.#totalBytes ??= this.#countAll.get()?.bytes ?? 0
    return (
      own.messages < limits.mailboxMessagesPerSender &&
      own.bytes + size <= limits.mailboxBytesPerSender &&
      all.messages < limits.mailboxMessagesPerUser &&
      all.bytes + size <= limits.mailboxBytesPerUser &&
      this.#totalBytes + size <= limits.mailboxBytes
    )
  }

  add(user: string, sender: string, size: number): void {
    this.#change(user, sender, 1, size)
  }

  subtract(user: string, sender: string, size: number): void {
    this.#change(user, sender, -1, -size)
  }

  forgetAll(): void {
    this.#users.clear()
    this.#totalBytes = null
  }

  /** Only after {@link hasRoom} or on a counted user; an uncounted one is counted when it is next asked for. */
  #change(user: string, sender: string, messages: number, bytes: number): void {
    if (this.#totalBytes !== null) this.#totalBytes += bytes
    const senders = this.#users.get(user)
    if (senders === undefined) return
    const share = senders.get(sender) ?? emptyShare()
    senders.set(sender, { messages: share.messages + messages, bytes: share.bytes + bytes })
  }

  #of(user: string): Map<string, Share> {
    const known = this.#users.get(user)
    if (known !== undefined) return known
    const counted = new Map(this.#count.all(user).map(({ sender, messages, bytes }) => [sender, { messages, bytes }]))
    this.#users.set(user, counted)
    return counted
  }
}
