import { SottoError } from '#shared/errors.ts'
import type { CommitReceipt, HistoryCommit, HistoryReaderPort, HistoryWriterPort } from './port.ts'

type Writer = Pick<HistoryWriterPort, 'commit' | 'makeSearchable'>
type Searching = Pick<HistoryReaderPort, 'search'>

/** Lets a search find what was committed before it, though its words may still wait to be indexed. */
export class FoundAtOnce {
  readonly #writer: Writer
  readonly #reader: Searching
  /** Until all words are indexed; null once more may wait, as they may from before this program started. */
  #caughtUp: Promise<void> | null = null

  constructor(history: { readonly writer: Writer; readonly reader: Searching }) {
    this.#writer = history.writer
    this.#reader = history.reader
  }

  /** As {@link HistoryWriterPort.commit}. */
  async commit(commit: HistoryCommit): Promise<CommitReceipt> {
    const receipt = await this.#writer.commit(commit)
    // What is part of something long is indexed with it, and a search must not wait for the next part.
    if (commit.partOf === undefined && commit.entries !== undefined) this.#caughtUp = null
    return receipt
  }

  /** As {@link HistoryReaderPort.search}. */
  async search(...request: Parameters<Searching['search']>): ReturnType<Searching['search']> {
    this.#caughtUp ??= this.#catchUp()
    await this.#caughtUp
    return this.#reader.search(...request)
  }

  /** Where there is no room to index what is new, everything else is found all the same. */
  async #catchUp(): Promise<void> {
    try {
      await this.#writer.makeSearchable()
    } catch (error) {
      this.#caughtUp = null
      if (!(error instanceof SottoError)) throw error
    }
  }
}
