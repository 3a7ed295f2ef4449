/** Steps that must not overlap, in the order they were asked for. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `step` after every earlier one; resolves or rejects as it does, and later ones run all the same. */
  run<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(step)
    this.#last = turn.catch(() => undefined)
    return turn
  }
}

/** {@link Turns} by key: tasks of one key one after the other, tasks of different keys side by side. */
export class KeyedTurns<K> {
  readonly #last = new Map<K, Promise<unknown>>()

  /** Resolves or rejects as `run` does, once everything before it under `key` has ended. */
  take<T>(key: K, run: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const turn = before.then(run, run)
    const settled = turn.then(
      () => undefined,
      () => undefined,
    )
    this.#last.set(key, settled)
    void settled.then(() => {
      if (this.#last.get(key) === settled) this.#last.delete(key)
    })
    return turn
  }

  /** Resolves when nothing is running or waiting. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values())
  }
}
