/** Bodies that were to be erased before they came: kept with the day on which that was said, and asked for with each append. */
import type { BatchToStore, BodyToErase } from '../replica-store.ts'
import { withoutBodies } from '../without-bodies.ts'
import type { DayFile } from './day-file.ts'
import type { DayFiles } from './day-files.ts'

export class EarlyTombstones {
  readonly #days: DayFiles
  /** Accounts that have any: hardly one. Null until the files were looked at. */
  #accounts: Set<string> | null = null

  constructor(days: DayFiles) {
    this.#days = days
  }

  /** The batch as it may be stored. */
  without(account: string, batch: BatchToStore): BatchToStore {
    if (!this.#known().has(account)) return batch
    const { device, first, last, bytes } = batch
    const bodies = this.#days.from(0).flatMap((file) => file.tombstones(account, device, [first, last]))
    const rest = bodies.length === 0 ? null : withoutBodies(bytes, bodies)
    return rest === null ? batch : { ...batch, bytes: rest.bytes }
  }

  /** Durable when it returns. */
  remember(today: DayFile, account: string, bodies: readonly BodyToErase[]): void {
    if (bodies.length === 0) return
    this.#known().add(account)
    today.transaction(() => bodies.forEach((body) => today.addTombstone(account, body)))
  }

  /** Files were dropped, or rows erased. */
  forget(): void {
    this.#accounts = null
  }

  #known(): Set<string> {
    this.#accounts ??= new Set(this.#days.from(0).flatMap((file) => file.tombstoneAccounts()))
    return this.#accounts
  }
}
