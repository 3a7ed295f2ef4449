/** Texts of made-up words of uneven frequency: the same in every run. */
const vocabulary = Array.from(
  { length: 4000 },
  (_, i) => `${'bcdfghklmnprst'[i % 14] ?? ''}${'aeiou'[i % 5] ?? ''}${i.toString(36)}`,
)

export class Corpus {
  #state: number

  constructor(seed = 42) {
    this.#state = seed
  }

  /** Uniform in [0, 1). */
  unit(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0
    return this.#state / 2 ** 32
  }

  /** A word; the first of the vocabulary come most often. */
  word(): string {
    return vocabulary[Math.floor(this.unit() ** 3 * vocabulary.length)] ?? ''
  }

  /** Four to twenty words. */
  sentence(): string {
    return Array.from({ length: 4 + Math.floor(this.unit() * 16) }, () => this.word()).join(' ')
  }
}
