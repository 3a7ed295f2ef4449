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

/** Whose envelopes they are. */
export interface Source {
  readonly account: string
  /** Row of `replica_device`. */
  readonly device: number
  readonly carefully: boolean
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

  /**
   * Applies the contents of one device's envelopes in order, inside a running transaction. `carefully` = one that cannot be stored is kept as
   * unreadable; it costs much more, so only once it failed without.
   */
  apply({ account, device, carefully }: Source, packed: PackedContents, touched: Touched): void {
    for (const [i, bytes] of unpackEntries(packed).entries()) {
      const bodyHash = packed.bodyHashes.subarray(i * 32, i * 32 + 32)
      const content = { device, seq: packed.seqs[i] ?? 0, bodyHash, bytes }
      if (!carefully) this.#applyOne(account, content, touched)
      else if (!this.#attempt(() => this.#applyOne(account, content, touched))) this.#keepUnreadable(content)
    }
    this.#parts.applier.finish(touched)
  }

  /** Returns false, everything taken back, where it failed for another reason than the disk's. */
  #attempt(run: () => void): boolean {
    const { save, keep, takeBack } = this.#statements
    save.run()
    try {
      run()
      keep.run()
      return true
    } catch (error) {
      if (!this.#parts.db.inTransaction || !isOfContent(error)) throw error
      takeBack.run()
      keep.run()
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
    trace.wantsFile(entry)
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

/** Whether what is to be stored is the reason, and neither the disk nor whoever asked. */
export function isOfContent(error: unknown): boolean {
  const failure = storageFailure(error)
  return !(failure instanceof SottoError) || failure.code === 'invalid-argument'
}
