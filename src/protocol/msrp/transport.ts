import { ProtocolError } from '#shared/errors.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { ByteStream, MessageSocket, SocketFailure } from '#shared/ports/sockets.ts'
import { ChunkParser, defaultParserLimits, type ChunkHandler, type ParserLimits } from './chunk.ts'
import { MsrpError } from './errors.ts'

/** Why a transport ended: the socket's reason, or what the peer did wrong. */
export type TransportEnd =
  { readonly kind: 'socket'; readonly failure?: SocketFailure } | { readonly kind: 'malformed'; readonly code: string }

export interface TransportHandler extends ChunkHandler {
  /** There is room again after `send` returned false. */
  onDrain(): void
  /** Once, at the end. */
  onEnded(end: TransportEnd): void
}

/** Frames in, frames out, over TCP, TLS or WebSocket. */
export interface FrameTransport {
  readonly kind: 'tcp' | 'ws'
  readonly secure: boolean
  readonly local: { readonly host: string; readonly port: number }
  /** One whole frame per call (RFC 7977 §5.1); false = full, wait for `onDrain`. */
  send(frame: Uint8Array): boolean
  readonly bufferedBytes: number
  pause(): void
  resume(): void
  close(): void
}

/** A WebSocket says full above this many bytes. */
const highWaterBytes = 262_144
const drainPollMs = 10

/** MSRP over a byte stream. */
export function streamTransport(
  stream: ByteStream,
  handler: TransportHandler,
  limits: ParserLimits = defaultParserLimits,
): FrameTransport {
  const guard = new Guard(handler, limits, () => stream.close())
  stream.onData((bytes) => guard.push(bytes))
  stream.onDrain(() => guard.drained())
  stream.onClose((failure) => guard.ended(failure))
  return {
    kind: 'tcp',
    secure: stream.secure,
    local: stream.local,
    send: (frame) => stream.write(frame),
    get bufferedBytes() {
      return stream.bufferedBytes
    },
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    close: () => stream.close(),
  }
}

/** MSRP over a WebSocket (RFC 7977): text and binary messages alike, each one frame. */
export function socketTransport(
  socket: MessageSocket,
  handler: TransportHandler,
  options: { readonly clock: ClockPort; readonly limits?: ParserLimits },
): FrameTransport {
  let poll: Timer | null = null
  const guard = new Guard(handler, options.limits ?? defaultParserLimits, () => socket.close(1002))
  const check = (): void => {
    poll = null
    if (guard.over) return
    if (socket.bufferedBytes > highWaterBytes / 2) poll = options.clock.after(drainPollMs, check)
    else guard.drained()
  }
  socket.onMessage((message) => guard.message(typeof message === 'string' ? Buffer.from(message, 'utf8') : message))
  socket.onClose((failure) => {
    poll?.cancel()
    guard.ended(failure)
  })
  return {
    kind: 'ws',
    secure: socket.secure,
    local: socket.local,
    send: (frame) => {
      socket.send(frame)
      if (socket.bufferedBytes <= highWaterBytes) return true
      poll ??= options.clock.after(drainPollMs, check)
      return false
    },
    get bufferedBytes() {
      return socket.bufferedBytes
    },
    pause: () => socket.pause?.(),
    resume: () => socket.resume?.(),
    close: () => socket.close(),
  }
}

/** The one place where malformed input of a connection is caught: it ends that connection. */
class Guard {
  readonly #handler: TransportHandler
  readonly #parser: ChunkParser
  readonly #close: () => void
  over = false

  constructor(handler: TransportHandler, limits: ParserLimits, close: () => void) {
    this.#handler = handler
    this.#parser = new ChunkParser(handler, limits)
    this.#close = close
  }

  push(bytes: Uint8Array): void {
    if (!this.over) this.#guarded(() => this.#parser.push(bytes))
  }

  message(bytes: Uint8Array): void {
    if (this.over) return
    this.#guarded(() => {
      this.#parser.push(bytes)
      if (!this.#parser.idle) throw new MsrpError('frame-boundary')
    })
  }

  drained(): void {
    if (!this.over) this.#handler.onDrain()
  }

  ended(failure: SocketFailure | undefined): void {
    if (!this.over) this.#end(failure === undefined ? { kind: 'socket' } : { kind: 'socket', failure })
  }

  #guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#end({ kind: 'malformed', code: (error as ProtocolError).code })
      this.#close()
    }
  }

  #end(end: TransportEnd): void {
    this.over = true
    this.#handler.onEnded(end)
  }
}
