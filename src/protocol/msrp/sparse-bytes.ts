interface Segment {
  readonly start: number
  length: number
  buffer: Uint8Array
}

/**
 * A message under construction: bytes at any offset in any order, memory in proportion to what arrived. Where writes
 * overlap the last one counts (RFC 4975 §7.3.1). Segments are never moved or joined, so no order of writes is expensive.
 */
export class SparseBytes {
  readonly #maxSegments: number
  #segments: Segment[] = []
  #size = 0

  constructor(maxSegments = 256) {
    this.#maxSegments = maxSegments
  }

  /** Distinct bytes held. */
  get size(): number {
    return this.#size
  }

  /** Position after the last byte held. */
  get end(): number {
    const last = this.#segments.at(-1)
    return last === undefined ? 0 : last.start + last.length
  }

  /** Copies `bytes` to `offset`; false when there are too many gaps. */
  write(offset: number, bytes: Uint8Array): boolean {
    const end = offset + bytes.length
    let at = offset
    while (at < end) {
      const index = this.#segments.findLastIndex((segment) => segment.start <= at)
      const nextStart = this.#segments[index + 1]?.start ?? Number.POSITIVE_INFINITY
      const until = Math.min(end, nextStart)
      if (!this.#put(index, at, bytes.subarray(at - offset, until - offset))) return false
      at = until
    }
    return true
  }

  /** `piece` reaches at most the start of the segment after `index`. */
  #put(index: number, at: number, piece: Uint8Array): boolean {
    const segment = this.#segments[index]
    if (segment !== undefined && segment.start + segment.length >= at) {
      this.#size += overwriteOrAppend(segment, at - segment.start, piece)
      return true
    }
    if (this.#segments.length >= this.#maxSegments) return false
    this.#segments.splice(index + 1, 0, { start: at, length: piece.length, buffer: piece.slice() })
    this.#size += piece.length
    return true
  }

  /** True when every byte of `[0, total)` is held. */
  covers(total: number): boolean {
    let at = 0
    for (const segment of this.#segments) {
      if (at >= total || segment.start > at) break
      at = segment.start + segment.length
    }
    return at >= total
  }

  /** The whole message; call only when `covers(total)`. The instance is empty afterwards. */
  take(total: number): Uint8Array {
    const [first] = this.#segments
    const segments = this.#segments
    this.#segments = []
    this.#size = 0
    if (first !== undefined && first.length >= total) return first.buffer.subarray(0, total)
    const whole = new Uint8Array(total)
    for (const { start, length, buffer } of segments) {
      if (start < total) whole.set(buffer.subarray(0, Math.min(length, total - start)), start)
    }
    return whole
  }
}

/** Returns how many bytes are new. */
function overwriteOrAppend(segment: Segment, at: number, piece: Uint8Array): number {
  const needed = at + piece.length
  if (needed > segment.buffer.length) {
    const grown = new Uint8Array(Math.max(needed, segment.buffer.length * 2))
    grown.set(segment.buffer.subarray(0, segment.length))
    segment.buffer = grown
  }
  segment.buffer.set(piece, at)
  const added = Math.max(0, needed - segment.length)
  segment.length += added
  return added
}
