import type { ContinuationFlag } from '#protocol/msrp/chunk.ts'
import type { ByteRange, RequestHead } from '#protocol/msrp/head.ts'
import type { RelayPeer } from './relay-peer.ts'

/**
 * Passes one request on while it is still coming in: bodies up to the limit in one piece, longer ones in several with
 * their byte ranges recounted (RFC 4976 §6.4.1). Holds at most one piece.
 */
export class Forwarder {
  readonly target: RelayPeer
  readonly #source: RelayPeer
  readonly #head: RequestHead
  readonly #maxBytes: number
  #pieces: Uint8Array[] | null = null
  #held = 0
  #sent = 0
  /** More than one piece: byte ranges are ours to say. */
  #cut = false
  #status: number | null = null

  constructor(head: RequestHead, source: RelayPeer, target: RelayPeer, maxBytes: number) {
    this.target = target
    this.#source = source
    this.#head = head
    this.#maxBytes = maxBytes
  }

  /** Body bytes; views are copied. */
  write(bytes: Uint8Array): void {
    this.#pieces ??= []
    let rest = bytes
    while (this.#held + rest.length > this.#maxBytes) {
      const room = this.#maxBytes - this.#held
      this.#hold(rest.subarray(0, room))
      rest = rest.subarray(room)
      this.#cut = true
      this.#flush('+')
      this.#pieces = []
    }
    this.#hold(rest)
  }

  #hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#pieces?.push(Uint8Array.prototype.slice.call(bytes))
    this.#held += bytes.length
  }

  /** The request is whole; returns the status for its sender. */
  end(flag: ContinuationFlag): number {
    this.#flush(flag)
    return this.#status ?? 200
  }

  #flush(flag: ContinuationFlag): void {
    const body = this.#pieces === null ? null : Buffer.concat(this.#pieces, this.#held)
    const length = this.#held
    this.#pieces = null
    this.#held = 0
    // After a refusal the rest of this request is dropped: the sender hears of it once, at the end.
    if (this.#status !== null) return
    const head = this.#cut ? { ...this.#head, byteRange: this.#rangeOf(length) } : this.#head
    this.#sent += length
    this.#status = this.target.forward(head, { body, flag, source: this.#source })
  }

  #rangeOf(length: number): ByteRange {
    const start = (this.#head.byteRange?.start ?? 1) + this.#sent
    return { start, end: start + length - 1, total: this.#head.byteRange?.total ?? null }
  }
}
