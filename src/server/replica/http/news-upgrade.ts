import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { arrivalOf, refuseBrowser } from './arrival.ts'
import { serverMessageSocket, type WebSocketLink } from '../../home/net/message-socket.ts'
import type { AcceptedRequest } from '../access/request-gate.ts'
import type { ReplicaService } from '../service.ts'
import { newsProtocol, newsTarget } from '#shared/replication/api.ts'

/** Takes upgrade requests for news; false for those that are for somebody else. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean

const noBody = new Uint8Array()

/** WebSockets over which a device hears when something was stored; the upgrade request is signed like any other. */
export function newsUpgrade(service: ReplicaService): Upgrade {
  const server = new WebSocketServer({
    ...{ noServer: true, clientTracking: false, perMessageDeflate: false },
    maxPayload: service.limits.newsMessageBytes,
    handleProtocols: (offered) => (offered.has(newsProtocol) ? newsProtocol : false),
  })
  return (request, socket, head) => {
    if (request.url?.split('?')[0] !== newsTarget) return false
    socket.on('error', () => undefined)
    const refuse = (status: string): void => {
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    }
    admit(service, request)
      .then((admitted) => {
        if (typeof admitted === 'string') refuse(admitted)
        else if (socket.destroyed) admitted.leave()
        else open(service, server, { request, socket, head, ...admitted })
      })
      .catch((_cause: unknown) => {
        service.ports.log.error('replica-news-failed')
        refuse('503 Service Unavailable')
      })
    return true
  }
}

interface Admitted {
  readonly accepted: AcceptedRequest
  readonly leave: () => void
}

/** The status line of the refusal, where there is one. */
async function admit(service: ReplicaService, request: IncomingMessage): Promise<Admitted | string> {
  const refused = refuseBrowser(request, service.ports.hosts())
  if (refused !== null) return refused === 'browser-refused' ? '403 Forbidden' : '421 Misdirected Request'
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
  if (!offered.includes(newsProtocol)) return '400 Bad Request'
  if (service.isStopping) return '503 Service Unavailable'
  const admitted = await service.gate.admit(arrivalOf(request, 'read'))
  if (!admitted.ok) return admitted.error === 'too-many' ? '429 Too Many Requests' : '401 Unauthorized'
  const accepted = await admitted.value.withBody(noBody)
  if (!accepted.ok) return '401 Unauthorized'
  const leave = service.news.enter(accepted.value.account)
  return leave === null ? '503 Service Unavailable' : { accepted: accepted.value, leave }
}

interface Opening extends Admitted {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

function open(
  { limits, news, ports }: ReplicaService,
  server: WebSocketServer,
  { request, socket, head, accepted, leave }: Opening,
): void {
  // A broken handshake never calls back.
  socket.once('close', leave)
  server.handleUpgrade(request, socket, head, (webSocket) => {
    const keeping = { clock: ports.clock, limits: { idleMs: limits.newsIdleMs, webSocketPingMs: limits.newsPingMs } }
    const messages = serverMessageSocket(webSocket, linkOf(request), keeping)
    news.add(accepted.account, accepted.signer, { socket: messages, leave })
  })
}

function linkOf({ socket }: IncomingMessage): WebSocketLink {
  const { remoteAddress, remotePort, localAddress, localPort } = socket
  return {
    secure: 'encrypted' in socket,
    remote: { host: remoteAddress ?? '', port: remotePort ?? 0 },
    local: { host: localAddress ?? '', port: localPort ?? 0 },
  }
}
