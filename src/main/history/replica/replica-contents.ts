/** Applies what other devices wrote: hostile until it is decoded, then as everything else, and never sealed again. */
import type { Database, Statement } from 'better-sqlite3'
import { SottoError } from '#shared/errors.ts'
import { decodeEntry } from '#shared/model/entry-codec.ts'
import type { Entry, Hlc } from '#shared/model/entry.ts'
import { compareHlc } from '#shared/model/hlc.ts'
import type { EntryApplier, Touched } from '../apply-entry.ts'
import { unpackEntries } from '../archive-reader.ts'
import type { ConversationStore } from '../conversation-store.ts'
import type { ContentsReceipt, PackedContents } from '../replica-port.ts'
import { storageFailure } from '../sqlite-failure.ts'
import type { ReplicaEnvelopes } from './replica-envelopes.ts'
import type { EnvelopeRef, ReplicaTrace } from './replica-trace.ts'

export interface ReplicaContentsParts {
  readonly db: Database
  readonly applier: EntryApplier
  readonly conversations: Pick<ConversationStore, 'forgetRefs'>
  readonly trace: ReplicaTrace
  readonly envelopes: ReplicaEnvelopes
}

/** A content of an envelope. */
interface Content extends EnvelopeRef {
  readonly bytes: Uint8Array
}

export class ReplicaContents {
  readonly #parts: ReplicaContentsParts
  readonly #statements: Readonly<Record<'save' | 'keep' | 'takeBack', Statement<[]>>>
  #latest: Hlc | null = null
  #unreadable = 0

  constructor(parts: ReplicaContentsParts) {
    this.#parts = parts
    this.#statements = {
      save: parts.db.prepare('SAVEPOINT contents'),
      keep: parts.db.prepare('RELEASE contents'),
      takeBack: parts.db.prepare('ROLLBACK TO contents'),
    }
  }

  /** What became of everything that was applied since it was asked last. */
  takeReceipt(): ContentsReceipt {
    const receipt = { latest: this.#latest, unreadable: this.#unreadable }
    this.#latest = null
    this.#unreadable = 0
    return receipt
  }

  /** Applies the contents of one device's envelopes in order, inside a running transaction. */
  apply(account: string, device: number, packed: PackedContents, touched: Touched): void {
    const contents = unpackEntries(packed).map((bytes, i) => {
      const seq = packed.seqs[i] ?? 0
      return { device, seq, bodyHash: packed.bodyHashes.subarray(i * 32, i * 32 + 32), bytes }
    })
    const apply = (some: readonly Content[]): void => {
      for (const content of some) this.#applyOne(account, content, touched)
      this.#parts.applier.finish(touched)
    }
    if (this.#attempt(() => apply(contents))) return
    // Something in it is no entry that can be stored: found one by one, the others are kept.
    for (const content of contents) {
      if (!this.#attempt(() => apply([content]))) this.#keepUnreadable(content)
    }
  }

  /** Returns false, everything taken back, where it failed for another reason than the disk's. */
  #attempt(run: () => void): boolean {
    const { save, keep, takeBack } = this.#statements
    const before = [this.#latest, this.#unreadable] as const
    save.run()
    try {
      run()
      keep.run()
      return true
    } catch (error) {
      if (!this.#parts.db.inTransaction || isOfDisk(error)) throw error
      takeBack.run()
      keep.run()
      ;[this.#latest, this.#unreadable] = before
      this.#parts.applier.abandon()
      this.#parts.conversations.forgetRefs()
      return false
    }
  }

  #applyOne(account: string, content: Content, touched: Touched): void {
    const { envelopes, trace, applier } = this.#parts
    if (envelopes.isErased(content.device, content)) return
    const entry = entryOf(account, content.bytes)
    if (entry === null) {
      this.#keepUnreadable(content)
      return
    }
    trace.reading(content, () => applier.apply(entry, touched, content.bytes))
    const { hlc } = entry.head
    if (this.#latest === null || compareHlc(this.#latest, hlc) < 0) this.#latest = hlc
  }

  #keepUnreadable({ device, seq, bodyHash, bytes }: Content): void {
    this.#parts.envelopes.addUnopened(device, { seq, bodyHash, header: null, content: bytes })
    this.#unreadable += 1
  }
}

/** Null for what is no entry of this account. */
function entryOf(account: string, bytes: Uint8Array): Entry | null {
  try {
    const entry = decodeEntry(bytes)
    return entry.head.account === account ? entry : null
  } catch {
    return null
  }
}

function isOfDisk(error: unknown): boolean {
  const failure = storageFailure(error)
  return failure instanceof SottoError && failure.code !== 'invalid-argument'
}
