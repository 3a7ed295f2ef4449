import type { RequestListener } from 'node:http'
import { isIPv6 } from 'node:net'
import type { Admission } from './admission.ts'
import type { WebSocketLink } from './message-socket.ts'
import { streamFlow, webSocketFlow } from './sip-flow.ts'
import { tcpListener, tlsListener, type Listener } from './stream-listener.ts'
import { UdpListener } from './udp-listener.ts'
import { httpsListener, wsListener, type Subprotocol, type WebListenerPorts } from './web-listener.ts'
import { isCode } from '../data-dir/private-file.ts'
import type { HomeLimits } from '../limits.ts'
import type { SipFlow } from '../proxy/flow.ts'
import type { ServerIdentity } from '../tls/certificate.ts'
import type { HomePorts } from '#shared/home/api.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { ByteStream, MessageSocket } from '#shared/ports/sockets.ts'

/** Where accepted connections go. */
export interface ListenerHandlers {
  readonly onFlow: (flow: SipFlow) => void
  readonly onMsrpStream: (stream: ByteStream) => void
  readonly onMsrpSocket: (socket: MessageSocket) => void
  readonly onRequest: RequestListener
  readonly onUpgrade: NonNullable<WebListenerPorts['onUpgrade']>
}

export interface ListenerPorts {
  readonly admission: Admission
  readonly clock: ClockPort
  readonly limits: HomeLimits
  readonly hosts: () => ReadonlySet<string>
  readonly identity: ServerIdentity
  readonly handlers: ListenerHandlers
}

/** Ports to ask for: `wanted` where remembered or configured; `strict` ones are not replaced when they are taken. */
export interface PortWishes {
  readonly wanted: Partial<HomePorts>
  readonly strict: boolean
}

/** Every listening socket of the server. TLS ones are bound to `secureHost`, the others to `plainHost`. */
export class Listeners {
  readonly #secure: {
    readonly https: ReturnType<typeof httpsListener>
    readonly sipTls: ReturnType<typeof tlsListener>
    readonly msrpTls: ReturnType<typeof tlsListener>
  }
  readonly #plain: { readonly ws: Listener; readonly sipTcp: Listener; readonly msrpTcp: Listener }
  readonly #makeUdp: (host: string) => UdpListener
  #udp: UdpListener | null = null
  #ports: HomePorts | null = null

  constructor(ports: ListenerPorts) {
    const { handlers } = ports
    const context = contextOf(ports.identity)
    const onSocket = (socket: MessageSocket, link: WebSocketLink, subprotocol: Subprotocol): void => {
      if (subprotocol === 'sip') handlers.onFlow(webSocketFlow(socket, link))
      else handlers.onMsrpSocket(socket)
    }
    const sip = {
      ...ports,
      idleMs: ports.limits.idleMs,
      onStream: (stream: ByteStream) => handlers.onFlow(streamFlow(stream)),
    }
    const msrp = { ...ports, idleMs: ports.limits.msrpIdleMs, onStream: handlers.onMsrpStream }
    this.#secure = {
      https: httpsListener({ ...ports, onSocket, onUpgrade: handlers.onUpgrade }, context, handlers.onRequest),
      sipTls: tlsListener(sip, context),
      msrpTls: tlsListener(msrp, context),
    }
    this.#plain = { ws: wsListener({ ...ports, onSocket }), sipTcp: tcpListener(sip), msrpTcp: tcpListener(msrp) }
    this.#makeUdp = (host) =>
      new UdpListener(isIPv6(host) ? 'udp6' : 'udp4', {
        limits: ports.limits,
        clock: ports.clock,
        onFlow: handlers.onFlow,
      })
  }

  /** Binds everything; rejects with the system's error, having closed what was open. */
  async open(hosts: { readonly secure: string; readonly plain: string }, wishes: PortWishes): Promise<HomePorts> {
    const { https, sipTls, msrpTls } = this.#secure
    const { ws, sipTcp, msrpTcp } = this.#plain
    const bind = (listener: Listener, host: string, wanted: number | undefined): Promise<number> =>
      bindPort((port) => listener.listen(host, port), wanted ?? 0, wishes.strict)
    try {
      this.#ports = {
        https: await bind(https, hosts.secure, wishes.wanted.https),
        ws: await bind(ws, hosts.plain, wishes.wanted.ws),
        sipTcp: await bind(sipTcp, hosts.plain, wishes.wanted.sipTcp),
        sipUdp: await bindPort((port) => this.#bindUdp(hosts.plain, port), wishes.wanted.sipUdp ?? 0, wishes.strict),
        sipTls: await bind(sipTls, hosts.secure, wishes.wanted.sipTls),
        msrpTcp: await bind(msrpTcp, hosts.plain, wishes.wanted.msrpTcp),
        msrpTls: await bind(msrpTls, hosts.secure, wishes.wanted.msrpTls),
      }
    } catch (cause) {
      await this.close()
      throw cause
    }
    return this.#ports
  }

  /** Binds the TLS listeners, and only them, to another address with the same ports; connections live on. */
  async moveSecure(host: string): Promise<void> {
    for (const name of ['https', 'sipTls', 'msrpTls'] as const) {
      await this.#secure[name].unlisten()
      await this.#secure[name].listen(host, this.#ports?.[name] ?? 0)
    }
  }

  /** Gives new connections a renewed certificate. */
  renew(identity: ServerIdentity): void {
    for (const listener of Object.values(this.#secure)) listener.renew(contextOf(identity))
  }

  sweep(): void {
    this.#udp?.sweep()
  }

  async close(): Promise<void> {
    this.#udp?.close()
    await Promise.all(
      [...Object.values(this.#secure), ...Object.values(this.#plain)].map((listener) => listener.close()),
    )
  }

  async #bindUdp(host: string, port: number): Promise<number> {
    const udp = this.#makeUdp(host)
    try {
      const bound = await udp.bind(host, port)
      this.#udp = udp
      return bound
    } catch (cause) {
      udp.close()
      throw cause
    }
  }
}

async function bindPort(bind: (port: number) => Promise<number>, wanted: number, strict: boolean): Promise<number> {
  try {
    return await bind(wanted)
  } catch (cause) {
    const taken = isCode(cause, 'EADDRINUSE') || isCode(cause, 'EACCES')
    if (strict || wanted === 0 || !taken) throw cause
    return bind(0)
  }
}

function contextOf(identity: ServerIdentity): { key: string; cert: string } {
  return { key: identity.keyPem, cert: identity.certificatePem }
}
