import { copyOf, equalBytes } from '#shared/bytes/bytes.ts'

/** Where a reader or a writer stands: `gap` = another number is next. */
export type LanePut = { readonly kind: 'stored' | 'repeated' } | { readonly kind: 'gap'; readonly next: number }

/** Pieces one way, from the first that the reader has not taken: numbered, in order, kept until the reader asks for a later one. */
export class Lane {
  readonly #pieces = new Map<number, Uint8Array>()
  readonly #waiting = new Set<() => void>()
  #next = 0
  #bytes = 0

  get next(): number {
    return this.#next
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Keeps a copy. A piece that was stored already may come again. */
  put(number: number, piece: Uint8Array): LanePut {
    if (number !== this.#next) return this.#isRepeated(number, piece) ? { kind: 'repeated' } : this.#gap()
    this.#pieces.set(number, copyOf(piece))
    this.#bytes += piece.length
    this.#next++
    this.wake()
    return { kind: 'stored' }
  }

  /** Null: not there yet. Everything before is taken for good. */
  take(number: number): Uint8Array | null | 'gap' {
    if (number > this.#next) return 'gap'
    for (const [earlier, piece] of this.#pieces) {
      if (earlier >= number) break
      this.#pieces.delete(earlier)
      this.#bytes -= piece.length
    }
    if (number === this.#next) return null
    return this.#pieces.get(number) ?? 'gap'
  }

  /** Calls `run` once when a piece comes, or the slot changes; returns how to wait no more. */
  wait(run: () => void): () => void {
    this.#waiting.add(run)
    return () => this.#waiting.delete(run)
  }

  wake(): void {
    const woken = [...this.#waiting]
    this.#waiting.clear()
    for (const run of woken) run()
  }

  #isRepeated(number: number, piece: Uint8Array): boolean {
    const known = this.#pieces.get(number)
    // What was taken already can only have been the same one: its sender numbers each piece once.
    return number < this.#next && (known === undefined || equalBytes(known, piece))
  }

  #gap(): LanePut {
    return { kind: 'gap', next: this.#next }
  }
}
