import { decodeStoredEntry, encodeEntry } from '#shared/model/entry-codec.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { ReplicaFault } from '../faults.ts'
import { HistoryReader } from '#main/history/history-reader.ts'
import { unpackEntries } from '#main/history/archive-reader.ts'
import { alice, EntryMaker, TestHistory } from '#test/integration/history/history-fixture.ts'
import { describeReplicaJournal, type JournalWorld } from '#test/contracts/replica-journal.ts'
import { HistoryReplicaJournal } from './history-replica-journal.ts'

/** A journal in a history on this disk; a content is a message, and its number the Message-ID. */
export class HistoryJournalWorld implements JournalWorld {
  readonly test = new TestHistory()
  readonly #make = new EntryMaker(Date.now() - 100_000)
  readonly #contents = new Map<number, Uint8Array>()
  history = this.test.open()
  #journal: HistoryReplicaJournal | null = null

  get journal(): HistoryReplicaJournal {
    if (this.#journal === null) throw new Error('it is not open')
    return this.#journal
  }

  async begin(): Promise<this> {
    await this.history.writer.replica.switchOn(alice, { snapshot: false })
    return this.#open()
  }

  async #open(): Promise<this> {
    this.#journal = await HistoryReplicaJournal.open({ keeper: this.history.writer.replica, account: alice })
    return this
  }

  content(number: number): Uint8Array {
    const message = this.#make.outgoing(`text ${number}`, { id: `m${number}` })
    const known = this.#contents.get(number) ?? Uint8Array.from(encodeEntry(message))
    this.#contents.set(number, known)
    return known
  }

  async commit(...entries: readonly Entry[]): Promise<void> {
    await this.history.writer.commit({ entries })
  }

  async observe(content: Uint8Array): Promise<void> {
    await this.commit(decodeStoredEntry(content))
  }

  async erase({ seq }: { readonly seq: number }): Promise<void> {
    await this.commit(this.#make.delete(`m${seq}`, alice))
  }

  async contents(): Promise<readonly Uint8Array[]> {
    const reader = new HistoryReader({ path: this.test.path, key: this.test.key })
    const page = await reader.archivePage({ scope: { kind: 'all' }, after: 0, lastSeq: Number.MAX_SAFE_INTEGER })
    reader.close()
    return unpackEntries(page)
  }

  faults(): Promise<readonly ReplicaFault[]> {
    return this.journal.faults()
  }

  async reopen(): Promise<void> {
    await this.history.close()
    this.history = this.test.open()
    await this.#open()
  }

  close(): Promise<void> {
    return this.test.remove()
  }
}

describeReplicaJournal('a journal in the history', () => new HistoryJournalWorld().begin())
