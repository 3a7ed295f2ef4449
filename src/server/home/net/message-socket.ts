import type { WebSocket, RawData } from 'ws'
import type { HomeLimits } from '../limits.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { MessageSocket } from '#shared/ports/sockets.ts'

/** What keeps a WebSocket alive, and ends one that is dead. */
export interface SocketKeeping {
  readonly clock: ClockPort
  readonly limits: Pick<HomeLimits, 'idleMs' | 'webSocketPingMs'>
}

/** Addresses and security of the connection below a WebSocket. */
export interface WebSocketLink {
  readonly secure: boolean
  readonly remote: { readonly host: string; readonly port: number }
  readonly local: { readonly host: string; readonly port: number }
}

/**
 * The server's side of a WebSocket as a {@link MessageSocket}: text arrives as string, binary as bytes. A peer that
 * answers no ping for the idle time is closed.
 */
export function serverMessageSocket(socket: WebSocket, link: WebSocketLink, ports: SocketKeeping): MessageSocket {
  watchIdle(socket, ports)
  socket.on('error', () => undefined)
  return {
    secure: link.secure,
    local: link.local,
    send: (message) => {
      if (socket.readyState === socket.OPEN) socket.send(message)
    },
    get bufferedBytes() {
      return socket.bufferedAmount
    },
    close: (code) => socket.close(code ?? 1000),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    onMessage: (handler) =>
      void socket.on('message', (data, isBinary) => handler(isBinary ? bytesOf(data) : textOf(data))),
    onClose: (handler) => void socket.once('close', () => handler()),
  }
}

function watchIdle(socket: WebSocket, ports: SocketKeeping): void {
  let heardAt = ports.clock.monotonic()
  let timer: Timer
  const heard = (): void => {
    heardAt = ports.clock.monotonic()
  }
  const check = (): void => {
    if (ports.clock.monotonic() - heardAt > ports.limits.idleMs) {
      socket.terminate()
      return
    }
    if (socket.readyState === socket.OPEN) socket.ping()
    timer = ports.clock.after(ports.limits.webSocketPingMs, check)
  }
  timer = ports.clock.after(ports.limits.webSocketPingMs, check)
  socket.on('message', heard)
  socket.on('ping', heard)
  socket.on('pong', heard)
  socket.once('close', () => timer.cancel())
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data
}

function textOf(data: RawData): string {
  const bytes = bytesOf(data)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
