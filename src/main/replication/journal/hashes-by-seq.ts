/** Hashes of one device's headers by their numbers, in one buffer: a hundred thousand of them are a few megabytes. */
const hashBytes = 32
const firstRoom = 2

export class HashesBySeq {
  readonly #places = new Map<number, number>()
  #bytes: Uint8Array = new Uint8Array(firstRoom * hashBytes)

  get(seq: number): Uint8Array | null {
    const place = this.#places.get(seq)
    return place === undefined ? null : this.#bytes.slice(place * hashBytes, (place + 1) * hashBytes)
  }

  set(seq: number, hash: Uint8Array): void {
    const place = this.#places.get(seq) ?? this.#places.size
    this.#places.set(seq, place)
    if ((place + 1) * hashBytes > this.#bytes.length) {
      const wider = new Uint8Array(this.#bytes.length * 2)
      wider.set(this.#bytes)
      this.#bytes = wider
    }
    this.#bytes.set(hash, place * hashBytes)
  }

  /** Keeps what is known already. */
  note(seq: number, hash: Uint8Array): void {
    if (!this.#places.has(seq)) this.set(seq, hash)
  }
}
