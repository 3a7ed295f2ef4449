/** What is asked again and again of an account, read once from the files of all days. */
import type { ReplicaUsage, StoredHead } from '../replica-store.ts'
import type { Carried } from './carried.ts'
import type { DayFiles } from './day-files.ts'

/** Accounts that are remembered at most. */
const maxAccounts = 10_000

/** Every append asks: many times as quick as a loop over the bytes. */
const keyOf = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString('latin1')

export class AccountState {
  readonly #heads = new Map<string, StoredHead>()
  #usage: ReplicaUsage = { batches: 0, bytes: 0, oldestDay: null }

  get usage(): ReplicaUsage {
    return this.#usage
  }

  get heads(): readonly StoredHead[] {
    return [...this.#heads.values()]
  }

  head(device: Uint8Array): StoredHead | null {
    return this.#heads.get(keyOf(device)) ?? null
  }

  setHead(head: StoredHead): void {
    this.#heads.set(keyOf(head.device), head)
  }

  add(batches: number, bytes: number, day: number): void {
    const { oldestDay, ...before } = this.#usage
    this.#usage = { batches: before.batches + batches, bytes: before.bytes + bytes, oldestDay: oldestDay ?? day }
  }
}

export class AccountStates {
  readonly #days: DayFiles
  readonly #carried: Carried
  /** The one that was not asked for longest first. */
  readonly #states = new Map<string, AccountState>()

  constructor(days: DayFiles, carried: Carried) {
    this.#days = days
    this.#carried = carried
  }

  of(account: string): AccountState {
    if (this.#carried.erasing.has(account)) return new AccountState()
    const state = this.#states.get(account) ?? this.#read(account)
    this.#states.delete(account)
    this.#states.set(account, state)
    const [oldest] = this.#states.keys()
    if (this.#states.size > maxAccounts && oldest !== undefined) this.#states.delete(oldest)
    return state
  }

  forget(account: string): void {
    this.#states.delete(account)
  }

  forgetAll(): void {
    this.#states.clear()
  }

  #read(account: string): AccountState {
    const state = new AccountState()
    for (const head of this.#carried.heads(account)) state.setHead(head)
    for (const file of this.#days.from(0)) {
      for (const { batches, bytes, ...head } of file.heads(account)) {
        state.setHead({ ...head, day: file.day })
        state.add(batches, bytes, file.day)
      }
    }
    return state
  }
}
