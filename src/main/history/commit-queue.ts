/** Commits that wait for the next transaction. */
import { SottoError } from '#shared/errors.ts'
import type { CommitReceipt } from './port.ts'

/** Commits that share one transaction at most. */
const maxGroup = 256

/** What a commit did: one answer per entry, or null where `unlessHeld` or `whileJob` kept it from doing anything. */
export type Outcome = readonly boolean[] | null

export interface Queued {
  /** What it does to files no transaction takes back: it must not depend on one that may be. */
  readonly alone?: boolean
  /** Number of what it is a part of. */
  readonly partOf?: number | undefined
  readonly run: () => Outcome
  readonly resolve: (receipt: CommitReceipt) => void
  readonly reject: (error: unknown) => void
}

export class CommitQueue {
  #waiting: Queued[] = []
  /** Of these a part failed. */
  readonly #broken = new Set<number>()

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  push(queued: Queued): void {
    this.#waiting.push(queued)
  }

  /** The next that may share a transaction. */
  takeGroup(): readonly Queued[] {
    const alone = this.#waiting.slice(0, maxGroup).findIndex((queued) => queued.alone === true)
    return this.#waiting.splice(0, alone < 0 ? maxGroup : Math.max(1, alone))
  }

  /** After a part that failed no later one may be applied: whoever goes on begins after the last that was. */
  noteFailed({ partOf }: Queued): void {
    if (partOf !== undefined) this.#broken.add(partOf)
  }

  /** @throws SottoError `cancelled`. */
  refuseBroken({ partOf }: Queued): void {
    if (partOf !== undefined && this.#broken.has(partOf)) throw new SottoError('cancelled')
  }
}
