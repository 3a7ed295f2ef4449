import type { ClockPort } from '#shared/ports/clock.ts'
import type {
  AuthorizedOpening,
  AuthorizedSocketsPort,
  ByteStream,
  ConnectorPort,
  MessageSocket,
  SocketFailure,
  StreamTarget,
  TlsIdentity,
} from '#shared/ports/sockets.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { openSocket } from './open-socket.ts'
import { exportKey, socketStream } from './socket-stream.ts'
import { openWebSocket } from './web-socket.ts'

interface ConnectorOptions {
  readonly clock: ClockPort
  /** For DNS, TCP, TLS together; the WebSocket handshake gets as much again. */
  readonly connectTimeoutMs?: number
}

/** Everything that opens a connection. */
export type Connector = ConnectorPort & AuthorizedSocketsPort

/** The program's only way to open outgoing connections, on node:net, node:tls and ws. */
export function createConnector({ clock, connectTimeoutMs = 10_000 }: ConnectorOptions): Connector {
  const ports = { clock, connectTimeoutMs }
  return {
    stream: async (target: StreamTarget, signal?: AbortSignal): Promise<Result<ByteStream, SocketFailure>> => {
      const opened = await openSocket(target, { ...ports, rules: target.names ?? 'sip' }, signal)
      return opened.ok ? ok(socketStream(opened.value, target.tls !== undefined)) : opened
    },
    webSocket: (url: string, subprotocol: string, tls?: TlsIdentity, signal?: AbortSignal) =>
      openWeb({ url, subprotocol, ...(tls === undefined ? {} : { tls }) }, ports, signal),
    authorizedWebSocket: (opening, signal) => openWeb(opening, ports, signal),
  }
}

async function openWeb(
  opening: Omit<AuthorizedOpening, 'authorize'> & Partial<AuthorizedOpening>,
  ports: Required<ConnectorOptions>,
  signal?: AbortSignal,
): Promise<Result<MessageSocket, SocketFailure>> {
  const { url, subprotocol } = opening
  const target = webSocketTarget(url, opening.tls)
  if (target === null) return err({ kind: 'protocol' })
  const opened = await openSocket(target, { ...ports, rules: 'web' }, signal)
  if (!opened.ok) return opened
  const socket = opened.value
  const authorization = opening.authorize?.({ exportKey: (label, bytes) => exportKey(socket, label, bytes) })
  if (authorization === null) {
    socket.destroy()
    return err({ kind: 'protocol' })
  }
  const over = { socket, secure: target.tls !== undefined, clock: ports.clock, timeoutMs: ports.connectTimeoutMs }
  const who = authorization === undefined ? {} : { authorization }
  return openWebSocket({ url, subprotocol, ...over, ...who }, signal)
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
