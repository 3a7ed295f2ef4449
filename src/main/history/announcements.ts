/** What commits changed, as views, told to whoever listens: before the disk has it where somebody waits to see it, else soon after. */
import { maxListedChanges } from '#shared/model/limits.ts'
import type { Touched } from './apply-entry.ts'
import type { DroppedFiles } from './attachments/dropped-files.ts'
import type { ConversationStore } from './conversation-store.ts'
import type { MessageStore } from './message-store.ts'
import type { HistoryChange } from './port.ts'
import { contactView, conversationView, messageView } from './views.ts'

export class Announcements {
  readonly #messages: MessageStore
  readonly #conversations: ConversationStore
  readonly #dropped: DroppedFiles
  readonly #handlers = new Set<(change: HistoryChange) => void>()
  /** Committed and not announced yet. */
  readonly #due: { readonly touched: Touched; readonly revision: number }[] = []
  #stopped = false

  constructor(stores: {
    readonly messages: MessageStore
    readonly conversations: ConversationStore
    readonly dropped: DroppedFiles
  }) {
    this.#messages = stores.messages
    this.#conversations = stores.conversations
    this.#dropped = stores.dropped
  }

  onChange(handler: (change: HistoryChange) => void): () => void {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  /**
   * What came in is shown while the disk makes it durable; its sender has the answer after that. Not what makes others read
   * the history again: they would not find it yet. Returns whether it was announced.
   */
  early(touched: Touched, revision: number): boolean {
    if (touched.newIncoming.size === 0 || touched.contacts.size > 0 || isBulk(touched)) return false
    this.#announceDue()
    this.#announce(touched, revision)
    return true
  }

  /** What was announced never got to the disk: everybody reads again. */
  takeBack(revision: number): void {
    const nothing = { conversations: [], messages: [], contacts: [], newIncoming: [] }
    this.#tell({ revision, ...nothing, bulk: true })
  }

  /** After whoever wrote has the answer: a message is on its way before it is drawn. */
  soon(touched: Touched, revision: number): void {
    if (touched.isEmpty || this.#handlers.size === 0) return
    this.#due.push({ touched, revision })
    setImmediate(() => {
      if (!this.#stopped) this.#announceDue()
    })
  }

  /** Nothing is read from the database any more. */
  stop(): void {
    this.#stopped = true
  }

  #announceDue(): void {
    for (const { touched, revision } of this.#due.splice(0)) this.#announce(touched, revision)
  }

  #announce(touched: Touched, revision: number): void {
    if (this.#handlers.size > 0) this.#tell(this.#changeOf(touched, revision))
  }

  #tell(change: HistoryChange): void {
    for (const handler of [...this.#handlers]) handler(change)
  }

  #changeOf(touched: Touched, revision: number): HistoryChange {
    const bulk = isBulk(touched)
    const messages = (positions: Iterable<number>) =>
      [...positions].map((position) => this.#messages.at(position)).filter((row) => row !== undefined)
    const rows = (refs: Iterable<number>) =>
      [...refs].map((ref) => this.#conversations.row(ref)).filter((row) => row !== undefined)
    return {
      revision,
      conversations: bulk ? [] : rows(touched.conversations).map(conversationView),
      messages: bulk ? [] : messages(touched.positions).map(messageView),
      contacts: rows([...touched.contacts].slice(0, maxListedChanges)).map(contactView),
      newIncoming: messages([...touched.newIncoming].slice(-maxListedChanges)).map(messageView),
      ...(touched.removedConversations.size === 0 ? {} : { removedConversations: [...touched.removedConversations] }),
      ...(touched.searches ? { searches: true as const } : {}),
      ...(touched.accountSettings.size === 0 ? {} : { accountSettings: [...touched.accountSettings] }),
      ...(this.#dropped.any() ? { attachmentsDropped: true as const } : {}),
      bulk,
    }
  }
}

/** Too much to list, or something that no list says. */
function isBulk(touched: Touched): boolean {
  return touched.incomplete || touched.positions.size > maxListedChanges
}
