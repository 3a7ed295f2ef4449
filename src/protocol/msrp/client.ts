import type { ConnectorPort, SocketFailure, TlsIdentity } from '#shared/ports/sockets.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { DigestCredentials } from './auth.ts'
import { MsrpConnection, type ConnectionPorts, type RelayAccess } from './connection.ts'
import { socketTransport, streamTransport } from './transport.ts'
import { defaultMsrpPort, parseMsrpUri, type MsrpUri } from './uri.ts'

export interface ClientPorts extends ConnectionPorts {
  readonly connector: ConnectorPort
}

/** Where a relay is and who asks it for paths. */
export interface RelayOptions {
  /** `wss://host/msrp`, `ws://…`, or `msrps://host:2855;tcp`, `msrp://…;tcp`. */
  readonly url: string
  readonly credentials: DigestCredentials
  /** Required for wss and msrps. */
  readonly tls?: TlsIdentity
  /** To-Path of AUTH where it is not simply the URL's host; further relays first. */
  readonly relayPath?: readonly string[]
  /** Life of a path to ask for, seconds. */
  readonly expiresSeconds?: number
}

/** One hour; relays that want less say so (423). */
const defaultExpiresSeconds = 3600

/** Opens MSRP connections: to a relay (RFC 4976, 7977) or directly to a peer. Holds no state of its own. */
export class MsrpClient {
  readonly #ports: ClientPorts

  constructor(ports: ClientPorts) {
    this.#ports = ports
  }

  /**
   * Connects to a relay; authentication happens per path, in `MsrpConnection.reservePath`.
   * @throws MsrpError `bad-uri` when the URL is neither a WebSocket nor an MSRP URI
   */
  async connectRelay(options: RelayOptions, signal?: AbortSignal): Promise<Result<MsrpConnection, SocketFailure>> {
    const access: RelayAccess = {
      relayPath: options.relayPath ?? [relayUriOf(options)],
      credentials: options.credentials,
      expiresSeconds: options.expiresSeconds ?? defaultExpiresSeconds,
    }
    if (!/^wss?:/i.test(options.url))
      return this.#stream(parseMsrpUri(options.url), { access, tls: options.tls, signal })
    const socket = await this.#ports.connector.webSocket(options.url, 'msrp', options.tls, signal)
    if (!socket.ok) return socket
    const connection = new MsrpConnection(this.#ports, access)
    connection.attach(socketTransport(socket.value, connection, { clock: this.#ports.clock }))
    return ok(connection)
  }

  /**
   * Connects straight to the first hop of a peer's path: the active end without a relay (RFC 4975 §5.4).
   * @throws MsrpError `bad-uri`
   */
  async connectPeer(
    firstHop: string,
    tls?: TlsIdentity,
    signal?: AbortSignal,
  ): Promise<Result<MsrpConnection, SocketFailure>> {
    return this.#stream(parseMsrpUri(firstHop), { access: null, tls, signal })
  }

  async #stream(
    uri: MsrpUri,
    {
      access,
      tls,
      signal,
    }: { access: RelayAccess | null; tls: TlsIdentity | undefined; signal: AbortSignal | undefined },
  ): Promise<Result<MsrpConnection, SocketFailure>> {
    if (uri.transport !== 'tcp') return err({ kind: 'protocol' })
    // msrps without an identity to check would be a silent accept.
    if (uri.scheme === 'msrps' && tls === undefined) return err({ kind: 'protocol' })
    const target = { host: uri.host.replace(/^\[|\]$/g, ''), port: uri.port ?? defaultMsrpPort }
    const secured = uri.scheme === 'msrps' && tls !== undefined ? { ...target, tls } : target
    const stream = await this.#ports.connector.stream(secured, signal)
    if (!stream.ok) return stream
    const connection = new MsrpConnection(this.#ports, access)
    connection.attach(streamTransport(stream.value, connection))
    return ok(connection)
  }
}

/** `msrps://user@host:port;ws` for a WebSocket URL; an MSRP URI gets the user if it has none. */
function relayUriOf({ url, credentials }: RelayOptions): string {
  const user = encodeURIComponent(credentials.username)
  if (!/^wss?:/i.test(url)) {
    const { scheme, host, port, transport } = parseMsrpUri(url)
    return `${scheme}://${user}@${host}${port === null ? '' : `:${port}`};${transport}`
  }
  const { protocol, hostname, port } = new URL(url)
  const secure = protocol === 'wss:'
  return `${secure ? 'msrps' : 'msrp'}://${user}@${hostname}:${port === '' ? (secure ? '443' : '80') : port};ws`
}
