/**
 * Messages cut into contents of pieces: a byte of flags (1 = more of the message follows, 2 = it begins here), then bytes of the message.
 */
import { maxPieceContent } from './sealed-piece.ts'
import { concatBytes } from '#shared/bytes/bytes.ts'
import { ProtocolError } from '#shared/errors.ts'

export type MessagePartError = 'too-large' | 'bad-part'

/** A chain of 8,000 links and what goes with it; a page of a history. */
export const maxMessageBytes = 67_108_864
const [moreFollows, begins] = [1, 2]

export function cutMessage(message: Uint8Array): readonly Uint8Array[] {
  const partBytes = maxPieceContent - 1
  const count = Math.max(1, Math.ceil(message.length / partBytes))
  return Array.from({ length: count }, (_none, index) => {
    const flags = (index + 1 < count ? moreFollows : 0) | (index === 0 ? begins : 0)
    return concatBytes(Uint8Array.of(flags), message.subarray(index * partBytes, (index + 1) * partBytes))
  })
}

/** Puts messages together from opened contents of pieces, in order. */
export class MessageParts {
  #parts: Uint8Array[] = []
  #bytes = 0
  /** Reading may begin in the middle of a message, whose rest is passed over. */
  readonly #mayBeginAnywhere: boolean

  constructor({ mayBeginAnywhere = false } = {}) {
    this.#mayBeginAnywhere = mayBeginAnywhere
  }

  /** The message that ends with this part; null while more follows. @throws ProtocolError a {@link MessagePartError}. */
  add(content: Uint8Array): Uint8Array | null {
    const flags = content[0] ?? 4
    if (flags > (moreFollows | begins)) throw new ProtocolError<MessagePartError>('bad-part')
    const isFirst = (flags & begins) !== 0
    if (isFirst !== (this.#parts.length === 0)) return this.#outOfPlace(isFirst)
    this.#parts.push(content.subarray(1))
    this.#bytes += content.length
    if (this.#bytes > maxMessageBytes) throw new ProtocolError<MessagePartError>('too-large')
    return (flags & moreFollows) === 0 ? this.#whole() : null
  }

  #outOfPlace(isFirst: boolean): null {
    if (isFirst || !this.#mayBeginAnywhere) throw new ProtocolError<MessagePartError>('bad-part')
    return null
  }

  #whole(): Uint8Array {
    const whole = concatBytes(...this.#parts)
    this.#parts = []
    this.#bytes = 0
    return whole
  }
}
