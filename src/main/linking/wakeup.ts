/** Lets one loop sleep until another says that something changed. */
export class Wakeup {
  #waiting = Promise.withResolvers<undefined>()
  #isEnded = false

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Resolves at the next `wake`, at once when there was one since the last wait. */
  async wait(): Promise<void> {
    await this.#waiting.promise
    if (!this.#isEnded) this.#waiting = Promise.withResolvers()
  }

  wake(): void {
    this.#waiting.resolve(undefined)
  }

  end(): void {
    this.#isEnded = true
    this.wake()
  }
}
