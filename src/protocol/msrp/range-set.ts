/**
 * Which bytes of a message are there: half-open, sorted, disjoint `[start, end)` pairs counted from 0.
 * At most `maxRanges` gaps are remembered, so a hostile sender cannot grow it without end.
 */
export class RangeSet {
  readonly #maxRanges: number
  readonly #ranges: { start: number; end: number }[] = []

  constructor(maxRanges = 256) {
    this.#maxRanges = maxRanges
  }

  /** Bytes covered. */
  get size(): number {
    return this.#ranges.reduce((sum, range) => sum + range.end - range.start, 0)
  }

  /** End of the last range, 0 when empty. */
  get end(): number {
    return this.#ranges.at(-1)?.end ?? 0
  }

  /** True when every byte of `[0, total)` is there. */
  covers(total: number): boolean {
    if (total === 0) return true
    const first = this.#ranges[0]
    return first?.start === 0 && first.end >= total
  }

  /** Adds `[start, end)`; false when that would need more ranges than allowed. */
  add(start: number, end: number): boolean {
    if (end <= start) return true
    const last = this.#ranges.at(-1)
    if (last?.end === start) {
      last.end = end
      return true
    }
    const from = this.#ranges.findIndex((range) => range.end >= start)
    const at = from < 0 ? this.#ranges.length : from
    let merged = { start, end }
    let count = 0
    for (const range of this.#ranges.slice(at)) {
      if (range.start > end) break
      merged = { start: Math.min(merged.start, range.start), end: Math.max(merged.end, range.end) }
      count += 1
    }
    if (count === 0 && this.#ranges.length >= this.#maxRanges) return false
    this.#ranges.splice(at, count, merged)
    return true
  }
}
