import { cutMessage, MessageParts } from './message-parts.ts'
import { openPiece, sealPiece } from './sealed-piece.ts'
import type { SlotPipe } from './slot-pipe.ts'
import { wipe } from '#shared/bytes/bytes.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import type { RandomPort } from '#shared/ports/random.ts'

export interface ChannelKeys {
  readonly out: Uint8Array
  readonly in: Uint8Array
}

/** Numbers of the next pieces each way. */
interface ChannelPlace {
  readonly out: number
  readonly in: number
  /** What comes in first may be the rest of a message that somebody else began to read. */
  readonly mayBeginAnywhere?: boolean
}

/** Sealed messages each way over a slot, whole and in order. */
export class SealedChannel {
  readonly #pipe: SlotPipe
  readonly #keys: ChannelKeys
  readonly #random: RandomPort
  readonly #parts: MessageParts
  #nextOut: number
  #nextIn: number

  constructor(pipe: SlotPipe, keys: ChannelKeys, random: RandomPort, place: ChannelPlace = { out: 0, in: 0 }) {
    this.#pipe = pipe
    this.#keys = keys
    this.#random = random
    this.#parts = new MessageParts({ mayBeginAnywhere: place.mayBeginAnywhere === true })
    this.#nextOut = place.out
    this.#nextIn = place.in
  }

  /** Resolves when the server has all of it. */
  async send(message: Uint8Array): Promise<void> {
    const pieces = cutMessage(message).map((part) => sealPiece(this.#keys.out, this.#nextOut++, part, this.#random))
    await Promise.all(pieces.map((piece) => this.#pipe.send(piece)))
  }

  /** @throws SottoError `link-tampered` for anything that the other end did not seal as its next piece. */
  async receive(): Promise<Uint8Array> {
    for (;;) {
      const piece = await this.#pipe.receive()
      const message = this.#open(piece)
      if (message !== null) return message
    }
  }

  close(): void {
    this.#pipe.close()
    wipe(this.#keys.out, this.#keys.in)
  }

  #open(piece: Uint8Array): Uint8Array | null {
    try {
      return this.#parts.add(openPiece(this.#keys.in, this.#nextIn++, piece))
    } catch (cause) {
      throw cause instanceof ProtocolError ? new SottoError('link-tampered', {}, cause) : cause
    }
  }
}
