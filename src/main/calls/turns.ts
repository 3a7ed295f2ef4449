/** Steps that must not overlap, in the order they were asked for. */
export class Turns {
  #last: Promise<void> = Promise.resolve()

  /** Runs `step` after every earlier one; rejects as `step` does, later ones run all the same. */
  run(step: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(step)
    this.#last = turn.catch(() => undefined)
    return turn
  }
}
