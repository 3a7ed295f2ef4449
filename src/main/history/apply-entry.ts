/** Applies entries inside a running transaction: stores the bytes and brings the views of what they touch up to date. */
import type { Database } from 'better-sqlite3'
import type { Entry } from '#shared/model/entry.ts'
import type { Aor, ConversationId } from '#shared/model/ids.ts'
import { maxChangesPerMessage, maxVariants } from '#shared/model/limits.ts'
import { readFloor } from '#shared/model/merge-gone.ts'
import { fileFirst } from '#shared/model/merge-file.ts'
import { only, type Of } from '#shared/model/merge-order.ts'
import { isSameReaction } from '#shared/model/merge-reactions.ts'
import { isRow } from '#shared/model/merge-row.ts'
import {
  deleteStrength,
  isDominated,
  mergeContact,
  mergeMessage,
  subjectOf,
  type MergedMessage,
  type Subject,
} from '#shared/model/merge.ts'
import type { ClusterChange, NewRow } from './cluster-change.ts'
import type { ConversationStore } from './conversation-store.ts'
import { withoutContent, type EntryStore } from './entry-store.ts'
import type { MessageStore } from './message-store.ts'
import { OwnWordStore } from './own-word-store.ts'
import { afterMoves, type Moves } from './places.ts'
import type { ReplicaTrace } from './replica/replica-trace.ts'
import { SearchStore } from './search-store.ts'
import { WaitingReceipts } from './waiting-receipts.ts'

/** What a transaction touched, for the change that is announced after it. */
export class Touched {
  readonly conversations = new Set<number>()
  readonly contacts = new Set<number>()
  readonly positions = new Set<number>()
  readonly newIncoming = new Set<number>()
  readonly removedConversations = new Set<ConversationId>()
  /** The list of saved searches changed. */
  searches = false
  /** Accounts that are set otherwise. */
  readonly accountSettings = new Set<Aor>()
  /** Something went away or moved: the list of positions does not say all. */
  incomplete = false

  add(conversation: number, { changed, newIncoming, removed, moved }: ClusterChange): void {
    this.conversations.add(conversation)
    for (const position of changed) this.positions.add(position)
    if (moved.length > 0) this.#follow(moved)
    for (const position of newIncoming) this.newIncoming.add(position)
    this.incomplete ||= removed
  }

  /** What is new is told one by one, also where everybody reads the rest again. */
  #follow(moved: readonly Moves[]): void {
    const now = [...this.newIncoming].map((position) => afterMoves(position, moved))
    this.newIncoming.clear()
    for (const position of now) this.newIncoming.add(position)
  }

  get isEmpty(): boolean {
    const { conversations, positions, removedConversations, accountSettings } = this
    const count = conversations.size + positions.size + removedConversations.size + accountSettings.size
    return !this.incomplete && count === 0 && !this.searches
  }
}

/** What a conversation's counters wait for. */
interface Due {
  added: number
  /** The only row that is new, as long as nothing else changed and it does not disappear; null otherwise. */
  only: NewRow | null
  readMark: boolean
  /** When the user read, as the newest read mark of this transaction says. */
  readAt: number
}

export class EntryApplier {
  readonly #entries: EntryStore
  readonly #messages: MessageStore
  readonly #conversations: ConversationStore
  readonly #receipts: WaitingReceipts
  readonly #searches: SearchStore
  readonly #ownWords: OwnWordStore
  readonly #trace: ReplicaTrace
  readonly #due = new Map<number, Due>()
  /** Rows may be there that no entry says. */
  #isAgain = false

  constructor(
    db: Database,
    stores: {
      readonly entries: EntryStore
      readonly messages: MessageStore
      readonly conversations: ConversationStore
      readonly trace: ReplicaTrace
    },
  ) {
    const { messages, conversations } = stores
    this.#trace = stores.trace
    this.#entries = stores.entries
    this.#receipts = new WaitingReceipts(this.#entries)
    this.#searches = new SearchStore(db, this.#entries)
    this.#ownWords = new OwnWordStore(this.#entries)
    this.#messages = messages
    this.#conversations = conversations
  }

  /** Applies what was stored and shown before, as far as it was understood, and is removed just now. */
  applyAgain(entry: Entry, touched: Touched): void {
    this.#isAgain = true
    try {
      this.apply(entry, touched)
    } finally {
      this.#isAgain = false
    }
  }

  /**
   * Returns whether the entry was new: false for a known id and for what adds nothing to what is held. `encoded` = its bytes,
   * where they are at hand.
   */
  apply(entry: Entry, touched: Touched, encoded?: Uint8Array): boolean {
    if (this.#entries.has(entry)) return this.#isHeld(entry, encoded)
    const subject = subjectOf(entry)
    if (subject !== null) return this.#applyToMessage(entry, { ...subject, encoded }, touched)
    if (entry.body.kind === 'contact' || entry.body.kind === 'peer-name') return this.#applyToContact(entry, touched)
    return this.#applyBeside(entry, touched)
  }

  /** What is neither about a row nor about what a peer is called. */
  #applyBeside(entry: Entry, touched: Touched): boolean {
    const { body } = entry
    if (body.kind === 'saved-search') return this.#searches.apply(entry, body, touched)
    if (body.kind === 'mark') return this.#ownWords.applyMark(entry as Of<'mark'>, this.#refOf(entry), touched)
    if (body.kind === 'account-settings') return this.#ownWords.applySettings(entry as Of<'account-settings'>, touched)
    this.#entries.insert(entry, { conversation: null, author: null, subject: null })
    return true
  }

  /** What came in an envelope once more stands where it is held; if its content is gone there, it is to go everywhere. */
  #isHeld(entry: Entry, encoded: Uint8Array | undefined): false {
    if (!this.#trace.isReading) return false
    if (encoded !== undefined && this.#entries.isEmptied(entry, encoded)) this.#trace.erasedBefore()
    else this.#entries.standIn(entry)
    return false
  }

  /** Of an envelope, what is refused stands with its row, and goes with it. */
  #isRefused(entry: Entry, cluster: readonly Entry[]): false {
    if (!this.#trace.isReading) return false
    const same = cluster.find((held) => isSameReaction(held, entry))
    const [held] = [...cluster.filter(isRow), ...cluster]
    if (same === undefined && isErasedBy(entry, cluster)) this.#trace.erasedBefore()
    else if (held !== undefined) this.#entries.standIn(same ?? held)
    return false
  }

  #refOf(entry: Entry): number {
    const { body, head } = entry
    if (!('conversation' in body)) throw new Error('it is of no conversation')
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
    // What either end wants holds whatever became of the row that said it.
    if (entry.body.kind === 'timer') this.#conversations.setTimer(ref, entry as Of<'timer'>)
    if (isDominated(entry, cluster) || isTooMuch(entry, cluster)) return this.#isRefused(entry, cluster)
    const known = [...cluster, entry]
    const deleted = (held: Entry): number => deleteStrength(known, held)
    const arrived = withoutContent(entry, deleted(entry))
    this.#entries.insert(
      arrived,
      { conversation: ref, author, subject: messageId },
      arrived === entry ? encoded : undefined,
    )
    if (arrived !== entry) this.#trace.erasedBefore()
    this.#receipts.note(ref, arrived, cluster)
    const whole = [...this.#entries.purge(cluster, arrived, deleted), arrived]
    // With its row, receipts lose what they were for.
    if (whole.length <= cluster.length) this.#receipts.forget()
    this.#syncRows({ ref, author, messageId }, whole, {
      entry,
      touched,
      isFirst: cluster.length === 0 && !this.#isAgain,
    })
    return true
  }

  /** Makes the rows of a cluster what it says now, and notes what the conversation's counters have to hear. */
  #syncRows(
    { ref, author, messageId }: Pick<Subject, 'author' | 'messageId'> & { readonly ref: number },
    cluster: readonly Entry[],
    { entry, touched, isFirst }: { readonly entry: Entry; readonly touched: Touched; readonly isFirst: boolean },
  ): void {
    // What nothing was known of has no rows yet: most of an import.
    const rows = isFirst ? [] : this.#messages.rowsOf(ref, author, messageId)
    const merged = mergeMessage(cluster)
    const change = this.#messages.sync(ref, rows, merged)
    touched.add(ref, change)
    const floorRaised = this.#conversations.raiseReadFloor(ref, readFloor(cluster))
    if (change.changed.length === 0 && !change.removed && !floorRaised) return
    const isOnly = isFirst && !floorRaised && !this.#due.has(ref)
    const due = this.#dueOf(ref)
    due.only = isOnly ? onlyNewRow(change, merged) : null
    due.added += merged.length - rows.length
    // What moved may have been what the user read up to.
    due.readMark ||= floorRaised || change.removed || merged.some((message) => message.readMark)
    due.readAt = Math.max(due.readAt, readAtOf(entry))
  }

  #dueOf(ref: number): Due {
    const due = this.#due.get(ref) ?? { added: 0, only: null, readMark: false, readAt: 0 }
    this.#due.set(ref, due)
    return due
  }

  /** Counts the conversations that the entries since the last call changed; before the transaction ends. */
  finish(touched: Touched): void {
    for (const [ref, { added, only, readMark, readAt }] of this.#due) {
      if (only !== null) {
        this.#conversations.countNew(ref, only)
        continue
      }
      if (readMark) this.#conversations.updateReadPosition(ref)
      this.#conversations.updateCounters(ref, added)
      for (const position of this.#messages.startExpiry(ref, readAt)) touched.positions.add(position)
    }
    this.#due.clear()
  }

  /** Forgets what is due and counted: entries were rolled back, or conversations erased. */
  abandon(): void {
    this.#due.clear()
    this.#receipts.forget()
  }
}

/** Whether what the entry says was taken back, removed or, as a reaction, replaced before it came. */
function isErasedBy(entry: Entry, cluster: readonly Entry[]): boolean {
  const deletes = only(cluster, 'delete')
  return (
    isDominated(entry, [...deletes, ...only(cluster, 'reaction')]) ||
    withoutContent(entry, deleteStrength(deletes, entry)) !== entry
  )
}

/** The one row that came, unless it says what was read or that it disappears. */
function onlyNewRow({ added, removed }: ClusterChange, merged: readonly MergedMessage[]): NewRow | null {
  const [row] = added
  const saysMore = removed || merged.some(({ expiresAfter, readMark }) => expiresAfter !== undefined || readMark)
  return row === undefined || added.length > 1 || saysMore ? null : row
}

/** When the user read, by the clock of the device that says so; 0 for any other entry. */
function readAtOf({ head, body }: Entry): number {
  return body.kind === 'read' ? Math.min(body.at, head.observedAt) : 0
}

/** Bounds what one author can pile up on one message; beyond it entries are dropped. */
function isTooMuch(entry: Entry, cluster: readonly Entry[]): boolean {
  const same = cluster.filter((held) => held.body.kind === entry.body.kind).length
  return same >= (isRow(entry) && entry.body.kind !== 'call' ? maxVariants : maxChangesPerMessage)
}

/**
 * Names a peer had that say nothing any more, whatever comes: the newest is its name, and the one seen first says since
 * when it is known.
 */
function idleNames(entries: readonly Entry[]): ReadonlySet<Entry> {
  const names = only(entries, 'peer-name')
  const [newest] = names.toSorted((a, b) => fileFirst(b, a))
  const [first] = names.toSorted((a, b) => a.head.observedAt - b.head.observedAt)
  return new Set(names.filter((name) => name !== newest && name !== first))
}
