import type { ContinuationFlag } from './chunk.ts'
import type { ByteRange } from './head.ts'

/** Chunk size towards relays: some drop frames of 11,239 bytes and more. */
export const relayChunkBytes = 8192

/** RFC 4975 §7.1.1: a chunk above this size says `*` for its end, so that it may be interrupted. */
const interruptibleAbove = 2048

/** One chunk's share of a message. */
export interface Piece {
  readonly byteRange: ByteRange
  /** A view into the message. */
  readonly body: Uint8Array
  readonly flag: ContinuationFlag
  /** Where the next piece starts, counted from 0. */
  readonly nextOffset: number
}

/** The piece of a message held in memory that starts at `offset`, at most `maxBytes` long; an empty message has one piece. */
export function pieceAt(message: Uint8Array, offset: number, maxBytes: number): Piece {
  const body = message.subarray(offset, offset + maxBytes)
  return streamedPiece(body, offset, message.length, offset + body.length === message.length)
}

/** A piece of a message that is read from elsewhere; `totalBytes` null = not known yet. */
export function streamedPiece(body: Uint8Array, offset: number, totalBytes: number | null, last: boolean): Piece {
  const nextOffset = offset + body.length
  const end = body.length > interruptibleAbove ? null : nextOffset
  return {
    byteRange: { start: offset + 1, end, total: last ? nextOffset : totalBytes },
    body,
    flag: last ? '$' : '+',
    nextOffset,
  }
}

/** Every piece of a message, in order. */
export function* splitMessage(message: Uint8Array, maxBytes: number): Generator<Piece> {
  let offset = 0
  for (;;) {
    const piece = pieceAt(message, offset, maxBytes)
    yield piece
    if (piece.flag === '$') return
    offset = piece.nextOffset
  }
}
