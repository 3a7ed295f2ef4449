import { inBrackets, tlsIdentityOf } from './connections.ts'
import type { ReplicaHttp } from './replica-http.ts'
import type { ReplicaAddress } from '../client-ports.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { AuthorizedSocketsPort, MessageSocket } from '#shared/ports/sockets.ts'
import { newsProtocol, newsTarget } from '#shared/replication/api.ts'
import { channelBinding } from '#shared/replication/request.ts'

export interface ReplicaNewsPorts {
  readonly connector: AuthorizedSocketsPort
  readonly clock: ClockPort
  readonly random: RandomPort
}

const [firstDelayMs, longestDelayMs] = [1_000, 60_000]

/** Hears when something was stored, over a WebSocket that is made again whenever it is lost; runs while somebody listens. */
export class ReplicaNews {
  readonly #address: ReplicaAddress
  readonly #http: ReplicaHttp
  readonly #ports: ReplicaNewsPorts
  readonly #handlers = new Set<() => void>()
  #socket: MessageSocket | null = null
  #timer: Timer | null = null
  #delayMs = firstDelayMs
  #isConnecting = false

  constructor(address: ReplicaAddress, http: ReplicaHttp, ports: ReplicaNewsPorts) {
    this.#address = address
    this.#http = http
    this.#ports = ports
  }

  on(handler: () => void): () => void {
    // Its own function: the same handler may be given twice.
    const tell = (): void => handler()
    this.#handlers.add(tell)
    this.#connect()
    return () => {
      this.#handlers.delete(tell)
      if (this.#handlers.size === 0) this.stop()
    }
  }

  stop(): void {
    this.#handlers.clear()
    this.#timer?.cancel()
    this.#timer = null
    this.#socket?.close()
    this.#socket = null
  }

  #connect(): void {
    if (this.#isConnecting || this.#socket !== null || this.#timer !== null) return
    this.#isConnecting = true
    this.#open()
      // Whatever it was, it is tried again.
      .catch((_cause: unknown) => null)
      .then((socket) => {
        this.#isConnecting = false
        if (this.#handlers.size === 0) socket?.close()
        else if (socket === null) this.#connectLater()
        else this.#listen(socket)
      })
      .catch((_cause: unknown) => undefined)
  }

  async #open(): Promise<MessageSocket | null> {
    const authorize = await this.#http.authorizing()
    const { host, port } = this.#address
    const opened = await this.#ports.connector.authorizedWebSocket(
      {
        url: `wss://${inBrackets(host)}:${port}${newsTarget}`,
        ...{ subprotocol: newsProtocol, tls: tlsIdentityOf(this.#address) },
        authorize: (connection) => {
          const channel = connection.exportKey(channelBinding.label, channelBinding.bytes)
          return channel === null ? null : authorize({ method: 'GET', target: newsTarget }, channel)
        },
      },
      this.#http.closing,
    )
    // The server does not say why; its challenge may have ended.
    if (!opened.ok) this.#http.forgetChallenge()
    return opened.ok ? opened.value : null
  }

  #listen(socket: MessageSocket): void {
    this.#socket = socket
    socket.onMessage(() => {
      this.#delayMs = firstDelayMs
      this.#tell()
    })
    socket.onClose(() => {
      if (this.#socket !== socket) return
      this.#socket = null
      // Perhaps because something changed, such as that this device was removed.
      this.#tell()
      this.#connectLater()
    })
    // What was stored before it stood, nobody told.
    this.#tell()
  }

  #connectLater(): void {
    if (this.#handlers.size === 0 || this.#http.closing.aborted) return
    // Not all devices at once when a server comes back.
    const share = (this.#ports.random.bytes(1)[0] ?? 0) / 255
    const delayMs = this.#delayMs * (0.5 + share / 2)
    this.#delayMs = Math.min(longestDelayMs, this.#delayMs * 2)
    this.#timer = this.#ports.clock.after(delayMs, () => {
      this.#timer = null
      this.#connect()
    })
  }

  #tell(): void {
    for (const handler of [...this.#handlers]) handler()
  }
}
