/** A bounded number of places, of all and of each key. */
export class Room {
  readonly #most: number
  readonly #mostPerKey: number
  readonly #taken = new Map<string, number>()
  #all = 0
  #onEmpty: (() => void)[] = []

  constructor(most: number, mostPerKey: number) {
    this.#most = most
    this.#mostPerKey = mostPerKey
  }

  get taken(): number {
    return this.#all
  }

  get isFull(): boolean {
    return this.#all >= this.#most
  }

  /** Resolves when all places are given back. */
  emptied(): Promise<void> {
    return this.#all === 0 ? Promise.resolve() : new Promise((resolve) => this.#onEmpty.push(resolve))
  }

  /** Takes a place; returns how to give it back, any number of times, or null when there is none. */
  enter(key: string): (() => void) | null {
    const mine = this.#taken.get(key) ?? 0
    if (this.isFull || mine >= this.#mostPerKey) return null
    this.#taken.set(key, mine + 1)
    this.#all += 1
    let isLeft = false
    return () => {
      if (isLeft) return
      isLeft = true
      this.#all -= 1
      const left = (this.#taken.get(key) ?? 1) - 1
      if (left === 0) this.#taken.delete(key)
      else this.#taken.set(key, left)
      if (this.#all === 0) for (const tell of this.#onEmpty.splice(0)) tell()
    }
  }
}
