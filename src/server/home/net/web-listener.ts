import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContextOptions } from 'node:tls'
import { WebSocketServer } from 'ws'
import type { Admission } from './admission.ts'
import { serverMessageSocket, type WebSocketLink } from './message-socket.ts'
import { guardRequest } from './origin-guard.ts'
import { listenerOf, type Listener } from './stream-listener.ts'
import type { HomeLimits } from '../limits.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { MessageSocket } from '#shared/ports/sockets.ts'

export const subprotocols = ['sip', 'msrp'] as const
export type Subprotocol = (typeof subprotocols)[number]

export interface WebListenerPorts {
  readonly admission: Admission
  readonly limits: HomeLimits
  readonly clock: ClockPort
  /** Host names and addresses that requests may name. */
  readonly hosts: () => ReadonlySet<string>
  /** None: this port has no sockets for SIP and MSRP. */
  readonly onSocket?: (socket: MessageSocket, link: WebSocketLink, subprotocol: Subprotocol) => void
  /** Takes upgrade requests over TLS that are for somebody else; false for those that are not. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean
}

/** WebSockets with subprotocol `sip` or `msrp` over TLS, and plain requests for `onRequest`, on one port. */
export function httpsListener(
  ports: WebListenerPorts,
  context: SecureContextOptions,
  onRequest: RequestListener,
): Listener & { renew(context: SecureContextOptions): void } {
  const server: HttpsServer = createHttpsServer(
    { ...context, minVersion: 'TLSv1.2', handshakeTimeout: ports.limits.handshakeMs },
    onRequest,
  )
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  const listener = webListener(server, ports, true)
  return { ...listener, renew: (next) => server.setSecureContext({ ...next, minVersion: 'TLSv1.2' }) }
}

/** WebSockets without TLS; a plain request gets 426 and nothing else. */
export function wsListener(ports: WebListenerPorts): Listener {
  const server = createHttpServer((_request, response) => {
    response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end()
  })
  return webListener(server, ports, false)
}

function webListener(server: Server | HttpsServer, ports: WebListenerPorts, secure: boolean): Listener {
  server.headersTimeout = ports.limits.handshakeMs
  server.requestTimeout = ports.limits.httpRequestMs
  server.keepAliveTimeout = ports.limits.handshakeMs
  server.maxRequestsPerSocket = ports.limits.httpRequestsPerConnection
  server.on('connection', (socket: Socket) => {
    const release = ports.admission.admit(socket.remoteAddress ?? '')
    if (release === null) return socket.destroy()
    socket.once('close', release)
  })
  const upgrader = makeUpgrader(ports)
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => undefined)
    if (secure && ports.onUpgrade?.(request, socket, head) === true) return
    const { onSocket } = ports
    if (onSocket === undefined) {
      refuse(socket, '404 Not Found')
      return
    }
    const refusal = checkUpgrade(request, ports.hosts())
    if (refusal !== null) {
      refuse(socket, refusal)
      return
    }
    upgrader.handleUpgrade(request, socket, head, (webSocket) => {
      const link = linkOf(request, secure)
      onSocket(serverMessageSocket(webSocket, link, ports), link, webSocket.protocol as Subprotocol)
    })
  })
  return listenerOf(server)
}

function makeUpgrader(ports: WebListenerPorts): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: ports.limits.webSocketMessageBytes,
    // A small deflated message can be a huge one: no compression (RFC 7692 is optional).
    perMessageDeflate: false,
    handleProtocols: (offered) => subprotocols.find((name) => offered.has(name)) ?? false,
  })
}

/** Status line of the refusal, or null for a request that may become a WebSocket. */
function checkUpgrade(request: IncomingMessage, hosts: ReadonlySet<string>): string | null {
  const refusal = guardRequest(request.headers, hosts)
  if (refusal !== null) return refusal === 'browser-refused' ? '403 Forbidden' : '421 Misdirected Request'
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
  return subprotocols.some((name) => offered.includes(name)) ? null : '400 Bad Request'
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function linkOf(request: IncomingMessage, secure: boolean): WebSocketLink {
  const { remoteAddress, remotePort, localAddress, localPort } = request.socket
  return {
    secure,
    remote: { host: remoteAddress ?? '', port: remotePort ?? 0 },
    local: { host: localAddress ?? '', port: localPort ?? 0 },
  }
}
