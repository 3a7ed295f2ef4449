/** Applies entries inside a running transaction: stores the bytes and brings the views of what they touch up to date. */
import type { Database } from 'better-sqlite3'
import type { Entry } from '#shared/model/entry.ts'
import type { MessageId, Aor, ConversationId } from '#shared/model/ids.ts'
import { maxChangesPerMessage, maxVariants } from '#shared/model/limits.ts'
import { isCallDeleted } from '#shared/model/merge-call.ts'
import { compareEntries } from '#shared/model/merge-order.ts'
import { deleteStrength, isDominated, mergeContact, mergeMessage, subjectOf } from '#shared/model/merge.ts'
import type { ConversationStore } from './conversation-store.ts'
import { EntryStore, withoutText } from './entry-store.ts'
import type { MessageStore } from './message-store.ts'
import { WaitingReceipts } from './waiting-receipts.ts'

/** What a transaction touched, for the change that is announced after it. */
export class Touched {
  readonly conversations = new Set<number>()
  readonly contacts = new Set<number>()
  readonly positions = new Set<number>()
  readonly newIncoming = new Set<number>()
  readonly removedConversations = new Set<ConversationId>()
  /** Something went away or moved: the list of positions does not say all. */
  incomplete = false

  get isEmpty(): boolean {
    const { conversations, positions, removedConversations } = this
    return !this.incomplete && conversations.size + positions.size + removedConversations.size === 0
  }
}

interface Subject {
  readonly conversation: ConversationId
  readonly author: Aor
  readonly messageId: MessageId
}

export class EntryApplier {
  readonly #entries: EntryStore
  readonly #messages: MessageStore
  readonly #conversations: ConversationStore
  readonly #receipts: WaitingReceipts
  readonly #due = new Map<number, { added: number; readMark: boolean }>()

  constructor(db: Database, messages: MessageStore, conversations: ConversationStore) {
    this.#entries = new EntryStore(db)
    this.#receipts = new WaitingReceipts(this.#entries)
    this.#messages = messages
    this.#conversations = conversations
  }

  /**
   * Returns whether the entry was new: false for a known id and for what adds nothing to what is held. `encoded` = its bytes,
   * where they are at hand.
   */
  apply(entry: Entry, touched: Touched, encoded?: Uint8Array): boolean {
    if (this.#entries.has(entry)) return false
    const subject = subjectOf(entry)
    if (subject !== null) return this.#applyToMessage(entry, { ...subject, encoded }, touched)
    if (entry.body.kind === 'contact' || entry.body.kind === 'peer-name') return this.#applyToContact(entry, touched)
    this.#entries.insert(entry, { conversation: null, author: null, subject: null })
    return true
  }

  #refOf(entry: Entry): number {
    const { body, head } = entry
    if (body.kind === 'unknown') throw new Error('an unknown body has no conversation')
    return this.#conversations.refOf({ id: body.conversation, account: head.account, peer: body.peer })
  }

  #applyToContact(entry: Entry, touched: Touched): boolean {
    const ref = this.#refOf(entry)
    const known = [...this.#entries.contacts(ref), entry]
    const idle = idleNames(known)
    if (idle.has(entry)) return false
    for (const name of idle) this.#entries.remove(name)
    this.#entries.insert(entry, { conversation: ref, author: null, subject: null })
    const merged = mergeContact(known.filter((held) => !idle.has(held)))
    if (merged !== null) this.#conversations.setContact(ref, merged)
    touched.conversations.add(ref)
    touched.contacts.add(ref)
    return true
  }

  #applyToMessage(entry: Entry, subject: Subject & { encoded: Uint8Array | undefined }, touched: Touched): boolean {
    const ref = this.#refOf(entry)
    const { author, messageId, encoded } = subject
    const cluster = this.#entries.cluster(ref, author, messageId)
    if (isDominated(entry, cluster) || isTooMuch(entry, cluster)) return false
    const deleted = deleteStrength([...cluster, entry])
    const arrived = withoutText(entry, deleted)
    this.#entries.insert(
      arrived,
      { conversation: ref, author, subject: messageId },
      arrived === entry ? encoded : undefined,
    )
    this.#receipts.note(ref, arrived, cluster)
    const whole = [...this.#entries.purge(cluster, deleted, isCallDeleted([entry])), arrived]
    // With its call, receipts lose what they were for.
    if (whole.length <= cluster.length) this.#receipts.forget()
    const rows = this.#messages.rowsOf(ref, author, messageId)
    const merged = mergeMessage(whole)
    const change = this.#messages.sync(ref, rows, merged)
    for (const position of change.changed) touched.positions.add(position)
    for (const position of change.newIncoming) touched.newIncoming.add(position)
    touched.incomplete ||= change.removed
    if (change.changed.length > 0 || change.removed) {
      const due = this.#due.get(ref) ?? { added: 0, readMark: false }
      due.added += merged.length - rows.length
      due.readMark ||= merged.some((message) => message.readMark)
      this.#due.set(ref, due)
    }
    touched.conversations.add(ref)
    return true
  }

  /** Counts the conversations that the entries since the last call changed; before the transaction ends. */
  finish(): void {
    for (const [ref, { added, readMark }] of this.#due) {
      if (readMark) this.#conversations.updateReadPosition(ref)
      this.#conversations.updateCounters(ref, added)
    }
    this.#due.clear()
  }

  /** Forgets what is due and counted: entries were rolled back, or conversations erased. */
  abandon(): void {
    this.#due.clear()
    this.#receipts.forget()
  }
}

/** Bounds what one author can pile up on one message; beyond it entries are dropped. */
function isTooMuch(entry: Entry, cluster: readonly Entry[]): boolean {
  const same = cluster.filter((held) => held.body.kind === entry.body.kind).length
  return same >= (entry.body.kind === 'message' ? maxVariants : maxChangesPerMessage)
}

/**
 * Names a peer had that say nothing any more, whatever comes: the newest is its name, and the one seen first says since
 * when it is known.
 */
function idleNames(entries: readonly Entry[]): ReadonlySet<Entry> {
  const names = entries.filter(({ body }) => body.kind === 'peer-name')
  const [newest] = names.toSorted((a, b) => compareEntries(b, a))
  const [first] = names.toSorted((a, b) => a.head.observedAt - b.head.observedAt)
  return new Set(names.filter((name) => name !== newest && name !== first))
}
