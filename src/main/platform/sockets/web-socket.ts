/** WebSocket over a socket that was opened, and its certificate checked, by `openSocket`. */
import type { Socket } from 'node:net'
import { WebSocket, type RawData } from 'ws'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { MessageSocket, SocketFailure } from '#shared/ports/sockets.ts'
import { err, ok, type Result } from '#shared/result.ts'

/** Largest message taken: far above a SIP message or an MSRP chunk, far below memory. */
const maxMessageBytes = 1024 * 1024
/** RFC 6455 §5.5.2 pings find a dead path even where the peer knows no CRLF keep-alive. */
const pingIntervalMs = 30_000
const pongTimeoutMs = 10_000

export interface WebSocketOpening {
  readonly url: string
  readonly subprotocol: string
  readonly socket: Socket
  readonly secure: boolean
  readonly clock: ClockPort
  readonly timeoutMs: number
  /** Value of `Authorization`. */
  readonly authorization?: string
}

/** Does the opening handshake; the server must agree to the subprotocol (RFC 7118 §4, RFC 7977 §4). */
export function openWebSocket(
  opening: WebSocketOpening,
  signal?: AbortSignal,
): Promise<Result<MessageSocket, SocketFailure>> {
  return new Promise((resolve) => {
    const webSocket = new WebSocket(opening.url, [opening.subprotocol], {
      createConnection: () => opening.socket,
      maxPayload: maxMessageBytes,
      perMessageDeflate: false,
      followRedirects: false,
      ...(opening.authorization === undefined ? {} : { headers: { authorization: opening.authorization } }),
    })
    // It came paused, so that nothing was lost before its owner listens.
    opening.socket.resume()
    const fail = (failure: SocketFailure): void => {
      timer.cancel()
      signal?.removeEventListener('abort', abort)
      webSocket.terminate()
      opening.socket.destroy()
      resolve(err(failure))
    }
    const abort = (): void => fail({ kind: 'closed' })
    const timer = opening.clock.after(opening.timeoutMs, () => fail({ kind: 'timed-out' }))
    webSocket.on('error', () => fail({ kind: 'protocol' }))
    webSocket.once('close', () => fail({ kind: 'closed' }))
    webSocket.once('open', () => {
      if (webSocket.protocol !== opening.subprotocol) {
        fail({ kind: 'protocol' })
        return
      }
      timer.cancel()
      webSocket.removeAllListeners('close')
      signal?.removeEventListener('abort', abort)
      resolve(ok(messageSocket(webSocket, opening)))
    })
    if (signal?.aborted === true) abort()
    else signal?.addEventListener('abort', abort, { once: true })
  })
}

function messageSocket(webSocket: WebSocket, opening: WebSocketOpening): MessageSocket {
  const local = { host: opening.socket.localAddress ?? '', port: opening.socket.localPort ?? 0 }
  let failure: SocketFailure | undefined
  let closed = false
  let closeHandler: ((failure?: SocketFailure) => void) | null = null
  // Messages that come before the owner had its turn wait here.
  const early: (string | Uint8Array)[] = []
  let messageHandler = (message: string | Uint8Array): void => void early.push(message)
  webSocket.on('message', (message, isBinary) => messageHandler(isBinary ? toBytes(message) : toText(message)))
  const stopPinging = keepAlive(webSocket, opening.clock, () => {
    failure ??= { kind: 'timed-out' }
  })
  webSocket.on('error', () => {
    failure ??= { kind: 'protocol' }
  })
  webSocket.on('close', () => {
    stopPinging()
    closed = true
    closeHandler?.(failure)
  })
  return {
    secure: opening.secure,
    local,
    send: (message) => {
      if (webSocket.readyState === WebSocket.OPEN) webSocket.send(message)
    },
    get bufferedBytes() {
      return webSocket.bufferedAmount
    },
    close: (code = 1000) => webSocket.close(code),
    onMessage: (handler) => {
      messageHandler = handler
      for (const message of early.splice(0)) handler(message)
    },
    onClose: (handler) => {
      closeHandler = handler
      if (closed) handler(failure)
    },
  }
}

/** Pings, and ends the connection when nothing answers; returns the disposer. */
function keepAlive(webSocket: WebSocket, clock: ClockPort, onDead: () => void): () => void {
  let timer: Timer
  const ping = (): void => {
    if (webSocket.readyState !== WebSocket.OPEN) return
    webSocket.ping()
    timer = clock.after(pongTimeoutMs, () => {
      onDead()
      webSocket.terminate()
    })
  }
  timer = clock.after(pingIntervalMs, ping)
  webSocket.on('pong', () => {
    timer.cancel()
    timer = clock.after(pingIntervalMs, ping)
  })
  return () => timer.cancel()
}

function toBytes(message: RawData): Uint8Array {
  if (Array.isArray(message)) return Buffer.concat(message)
  return message instanceof ArrayBuffer ? new Uint8Array(message) : message
}

function toText(message: RawData): string {
  return Buffer.from(toBytes(message)).toString('utf8')
}
