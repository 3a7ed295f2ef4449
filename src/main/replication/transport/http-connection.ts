import { AnswerReader, type HttpAnswer } from './http-codec.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { ByteStream } from '#shared/ports/sockets.ts'
import { channelBinding } from '#shared/replication/request.ts'

/** The connection ended before it had answered: what was asked may have been done or not. */
export class ConnectionLost extends Error {
  static override readonly name = 'ConnectionLost'
}

export interface Exchange {
  readonly bytes: Uint8Array
  readonly maxAnswerBytes: number
  /** How long the answer may take from the first byte of the request to its own last. */
  readonly withinMs: number
}

interface Waiting {
  readonly reader: AnswerReader
  readonly resolve: (answer: HttpAnswer) => void
  readonly reject: (error: unknown) => void
}

/** One connection that carries requests one after the other. */
export class HttpConnection {
  readonly #stream: ByteStream
  readonly #clock: ClockPort
  /** Channel binding of this connection (RFC 9266); null where it has none. */
  readonly channel: Uint8Array | null
  #waiting: Waiting | null = null
  #isOpen = true

  constructor(stream: ByteStream, clock: ClockPort) {
    this.#stream = stream
    this.#clock = clock
    // Now: a connection that ends has none any more.
    this.channel = stream.exportKey?.(channelBinding.label, channelBinding.bytes) ?? null
    stream.onData((bytes) => this.#receive(bytes))
    stream.onClose(() => this.#end(new ConnectionLost()))
  }

  /** May carry another request. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** @throws ConnectionLost; SottoError `server-refused` for what is no answer, or too long a one. */
  async exchange({ bytes, maxAnswerBytes, withinMs }: Exchange): Promise<HttpAnswer> {
    if (!this.#isOpen) throw new ConnectionLost()
    if (this.#waiting !== null) throw new Error('broken invariant: one request at a time')
    const timer = this.#clock.after(withinMs, () => this.#end(new ConnectionLost()))
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting = { reader: new AnswerReader(maxAnswerBytes), resolve, reject }
        this.#stream.write(bytes)
      })
    } finally {
      timer.cancel()
      this.#waiting = null
    }
  }

  close(): void {
    this.#end(new ConnectionLost())
  }

  #receive(bytes: Uint8Array): void {
    try {
      const answer = this.#waiting?.reader.push(bytes)
      // Nobody asked.
      if (answer === undefined) this.close()
      if (answer === undefined || answer === null) return
      if (!answer.isKept) this.#isOpen = false
      this.#waiting?.resolve(answer)
      if (!answer.isKept) this.#stream.close()
    } catch (error) {
      this.#end(error instanceof ProtocolError ? new SottoError('server-refused', {}, error) : error)
    }
  }

  #end(error: unknown): void {
    const wasOpen = this.#isOpen
    this.#isOpen = false
    this.#waiting?.reject(error)
    if (wasOpen) this.#stream.close()
  }
}
