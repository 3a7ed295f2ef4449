/** Bounds what a peer can leave by acknowledging or answering messages that nobody sent, or that were sent from elsewhere. */
import type { Entry } from '#shared/model/entry.ts'
import { maxWaitingReceipts } from '#shared/model/limits.ts'
import { isRow } from '#shared/model/merge-row.ts'
import type { EntryStore } from './entry-store.ts'

/**
 * Peers' receipts for messages that are not here, and their reactions to them. They may come before the copy of a message that
 * another own device sent, so the newest of each conversation are kept.
 */
export class WaitingReceipts {
  readonly #entries: EntryStore
  /** How many wait, per conversation; looked up when the first one of this run comes. */
  readonly #counts = new Map<number, number>()

  constructor(entries: EntryStore) {
    this.#entries = entries
  }

  /** An entry was added to the cluster of its message. */
  note(conversation: number, entry: Entry, cluster: readonly Entry[]): void {
    if (cluster.some(isRow)) return
    const known = this.#counts.get(conversation)
    if (isRow(entry)) {
      if (known !== undefined) this.#counts.set(conversation, known - cluster.filter(isPeerReceipt).length)
      return
    }
    if (!isPeerReceipt(entry)) return
    const count = known === undefined ? this.#find(conversation).length : known + 1
    this.#counts.set(conversation, count > maxWaitingReceipts ? this.#trim(conversation) : count)
  }

  /** The counts belong to a transaction that was rolled back, or to conversations that are gone. */
  forget(): void {
    this.#counts.clear()
  }

  #find(conversation: number): readonly Entry[] {
    return this.#entries.receiptsWithoutMessage(conversation).filter(isPeerReceipt)
  }

  /** Removes the oldest down to half the bound, so that looking for them is rare; returns how many are left. */
  #trim(conversation: number): number {
    const waiting = this.#find(conversation)
    const left = Math.floor(maxWaitingReceipts / 2)
    for (const entry of waiting.slice(0, -left)) this.#entries.remove(entry)
    return Math.min(waiting.length, left)
  }
}

function isPeerReceipt({ body, head }: Entry): boolean {
  return (body.kind === 'delivery' || body.kind === 'reaction') && body.author !== head.account
}
