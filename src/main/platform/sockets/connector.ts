import type { ClockPort } from '#shared/ports/clock.ts'
import type {
  ByteStream,
  ConnectorPort,
  MessageSocket,
  SocketFailure,
  StreamTarget,
  TlsIdentity,
} from '#shared/ports/sockets.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { openSocket } from './open-socket.ts'
import { socketStream } from './socket-stream.ts'
import { openWebSocket } from './web-socket.ts'

interface ConnectorOptions {
  readonly clock: ClockPort
  /** For DNS, TCP, TLS together; the WebSocket handshake gets as much again. */
  readonly connectTimeoutMs?: number
}

/** The program's only way to open outgoing connections, on node:net, node:tls and ws. */
export function createConnector({ clock, connectTimeoutMs = 10_000 }: ConnectorOptions): ConnectorPort {
  return {
    stream: async (target: StreamTarget, signal?: AbortSignal): Promise<Result<ByteStream, SocketFailure>> => {
      const opened = await openSocket(target, { clock, connectTimeoutMs, rules: 'sip' }, signal)
      return opened.ok ? ok(socketStream(opened.value, target.tls !== undefined)) : opened
    },
    webSocket: async (
      url: string,
      subprotocol: string,
      tls?: TlsIdentity,
      signal?: AbortSignal,
    ): Promise<Result<MessageSocket, SocketFailure>> => {
      const target = webSocketTarget(url, tls)
      if (target === null) return err({ kind: 'protocol' })
      const opened = await openSocket(target, { clock, connectTimeoutMs, rules: 'web' }, signal)
      if (!opened.ok) return opened
      const secure = target.tls !== undefined
      const opening = { url, subprotocol, socket: opened.value, secure, clock, timeoutMs: connectTimeoutMs }
      return openWebSocket(opening, signal)
    },
  }
}

/** Host and port of a ws or wss URL; null when it is neither. wss without an identity is checked for the URL's host. */
function webSocketTarget(url: string, tls: TlsIdentity | undefined): StreamTarget | null {
  if (!URL.canParse(url)) return null
  const { protocol, hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  if (protocol === 'ws:') return { host, port: Number(port || 80) }
  if (protocol !== 'wss:') return null
  return { host, port: Number(port || 443), tls: tls ?? { serverName: host } }
}
