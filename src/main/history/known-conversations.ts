import type { ConversationId } from '#shared/model/ids.ts'
import type { ConversationView } from '#shared/model/views.ts'
import type { CommitReceipt, HistoryChange, HistoryCommit, HistoryReaderPort, HistoryWriterPort } from './port.ts'

/** Conversations remembered at most; the one longest unused is asked for again. */
const maxKnown = 256

/**
 * Remembers conversations as the writer last announced them, so that a line on its way in or out does not wait for the
 * reader's thread. While a commit is not announced yet nothing is answered from memory: who wrote sees what was written.
 */
export class KnownConversations {
  readonly #writer: Pick<HistoryWriterPort, 'commit'>
  readonly #reader: Pick<HistoryReaderPort, 'conversation'>
  readonly #known = new Map<ConversationId, ConversationView>()
  #committed = 0
  #announced = 0

  constructor(history: {
    readonly writer: Pick<HistoryWriterPort, 'commit' | 'onChange'>
    readonly reader: Pick<HistoryReaderPort, 'conversation'>
  }) {
    this.#writer = history.writer
    this.#reader = history.reader
    history.writer.onChange((change) => this.#handleChange(change))
  }

  /** As {@link HistoryWriterPort.commit}. */
  async commit(commit: HistoryCommit): Promise<CommitReceipt> {
    const receipt = await this.#writer.commit(commit)
    this.#committed = Math.max(this.#committed, receipt.revision)
    return receipt
  }

  /** As {@link HistoryReaderPort.conversation}. */
  async conversation(id: ConversationId): Promise<ConversationView | null> {
    const known = this.#isCurrent() ? this.#known.get(id) : undefined
    if (known !== undefined) {
      this.#remember(known)
      return known
    }
    const announced = this.#announced
    const view = await this.#reader.conversation(id)
    if (view !== null && this.#isCurrent() && this.#announced === announced) this.#remember(view)
    return view
  }

  #isCurrent(): boolean {
    return this.#committed <= this.#announced
  }

  #handleChange({ revision, conversations, removedConversations, bulk }: HistoryChange): void {
    this.#announced = revision
    if (bulk) this.#known.clear()
    for (const id of removedConversations ?? []) this.#known.delete(id)
    for (const view of conversations) this.#remember(view)
  }

  #remember(view: ConversationView): void {
    this.#known.delete(view.id)
    this.#known.set(view.id, view)
    const oldest = this.#known.keys().next()
    if (this.#known.size > maxKnown && oldest.done !== true) this.#known.delete(oldest.value)
  }
}
