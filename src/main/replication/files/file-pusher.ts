/** Gives the replica in the background what it lacks of the files of recent entries: large ones, and those that it lost. */
import { SottoError } from '#shared/errors.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { ReplicaKeeperPort } from '#main/history/replica-port.ts'
import { lawfulBefore } from '../judge.ts'
import { pushMissing, type FilesPushed, type PushFilesParts } from './push-files.ts'

export interface FilePusherParts extends PushFilesParts {
  readonly account: Aor
  readonly keeper: Pick<ReplicaKeeperPort, 'filesSince'>
  readonly clock: Pick<ClockPort, 'now' | 'monotonic'>
  /** Whether the server has room has changed. */
  readonly changed: () => void
}

/** A server is asked as often what it has of them, ms. */
const askMs = 86_400_000

export class FilePusher {
  readonly #parts: FilePusherParts
  #running: Promise<void> | null = null
  #isDue = true
  #askedAt = 0
  #isFull = false
  #ended = false

  constructor(parts: FilePusherParts) {
    this.#parts = parts
  }

  /** The server has no room for some file of this account. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** What became of the files of entries that are sealed now. */
  note(pushed: FilesPushed): void {
    if (pushed === 'full') this.#setFull(true)
    if (pushed === 'larger') this.#isDue = true
  }

  /** The server has lost something: its files may be gone with it. */
  noteLoss(): void {
    this.#isDue = true
  }

  /** Everything was exchanged: what is erased is known, and is not pushed. */
  wake(): void {
    const { clock } = this.#parts
    if (clock.monotonic() - this.#askedAt >= askMs) this.#isDue = true
    if (!this.#isDue || this.#ended) return
    this.#running ??= this.#run().finally(() => {
      this.#running = null
    })
  }

  /** Ends after the part that is being pushed. */
  async stop(): Promise<void> {
    this.#ended = true
    await this.#running
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    try {
      while (this.#isDue && !this.#ended) {
        this.#isDue = false
        this.#askedAt = this.#parts.clock.monotonic()
        this.#setFull((await this.#pushAll()) < Infinity)
      }
    } catch {
      // Offline, or it has ended: the next exchange begins again.
      this.#isDue = true
    }
  }

  /** Returns the size for which there is no room, Infinity where there is for all. */
  async #pushAll(): Promise<number> {
    const { account, keeper, clock } = this.#parts
    const check = (): void => {
      if (this.#ended) throw new SottoError('cancelled')
    }
    // What is nearly over is not begun anew.
    const since = lawfulBefore(clock.now())
    for (let [after, least] = ['', Infinity]; ;) {
      check()
      const ids = await keeper.filesSince(account, since, after)
      const last = ids.at(-1)
      if (last === undefined) return least
      least = await pushMissing(ids, this.#parts, check, least)
      after = last
    }
  }

  #setFull(isFull: boolean): void {
    if (isFull === this.#isFull) return
    this.#isFull = isFull
    this.#parts.changed()
  }
}
