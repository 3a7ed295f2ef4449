/** Lets the changes of one account happen one after the other, so that nothing is stored behind an erasure that was under way. */
export class AccountOrder {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs `work` when all that was asked for this account before has ended, well or badly. */
  async run<T>(account: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(account) ?? Promise.resolve()
    const running = before.then(work, work)
    const ended = running.then(
      () => undefined,
      () => undefined,
    )
    this.#last.set(account, ended)
    try {
      return await running
    } finally {
      if (this.#last.get(account) === ended) this.#last.delete(account)
    }
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values())
  }
}
