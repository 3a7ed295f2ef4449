/** The newest values of something measured once a second; older ones fall out. */
export class Ring<T> {
  readonly #limit: number
  #values: readonly T[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Oldest first; the same array until a value comes. */
  get values(): readonly T[] {
    return this.#values
  }

  push(value: T): void {
    this.#values = [...this.#values.slice(1 - this.#limit), value]
  }

  clear(): void {
    this.#values = []
  }
}

/** Two minutes of values, one a second. */
export const twoMinutes = 120
