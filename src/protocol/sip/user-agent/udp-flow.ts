/**
 * A flow over UDP to one server: transactions underneath the library, requests too large for a datagram over TCP
 * (RFC 3261 §18.1.1), symmetric responses (RFC 3581), and what keeps a router's mapping open.
 */
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { DatagramAddress, DatagramSocket, DatagramsPort } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { SocketFailure } from '#shared/ports/sockets.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { SipParseError } from '../errors.ts'
import { parseVia, serializeVia, topVia, withHeader, headerItems } from '../headers.ts'
import type { SipMessage, SipRequest } from '../message.ts'
import { parseSip } from '../parse.ts'
import { serializeSip } from '../serialize.ts'
import { uniform } from './backoff.ts'
import { branchOf, DatagramTransactions } from './datagram-transactions.ts'
import { withVia } from './outgoing.ts'
import type { SipFlow } from './user-agent.ts'

export interface UdpFlowContext {
  readonly datagrams: DatagramsPort
  readonly clock: ClockPort
  readonly random: RandomPort
  /** Opens TCP to the same server, for what is too large. */
  readonly openStream: () => Promise<Result<SipFlow, SocketFailure>>
}

/** RFC 3261 §18.1.1: within 200 bytes of a path MTU of 1500 that nobody knows. */
const maxDatagramBytes = 1_300
/** Home routers forget a mapping after 30 s (RFC 4787 asks for two minutes, and is not heard). */
const keepAliveMs = 25_000
const keepAlive = Buffer.from('\r\n\r\n')
/** INVITEs in flight over TCP, whose CANCEL and ACK have to follow. */
const maxOverTcp = 256

/** Binds a socket and aims it at `server`. */
export async function openUdpFlow(
  server: DatagramAddress,
  context: UdpFlowContext,
): Promise<Result<SipFlow, SocketFailure>> {
  const isV6 = server.host.includes(':')
  const bound = await context.datagrams.bind({ host: isV6 ? '::' : '0.0.0.0', port: 0 })
  if (!bound.ok) return err(bound.error)
  const host = ownAddress(server.host, context.datagrams.localAddresses())
  if (host === null) {
    bound.value.close()
    return err({ kind: 'unreachable' })
  }
  return ok(new UdpFlow(bound.value, server, host, context))
}

/** A local address of the server's family, for Via and Contact until the server says what it sees. */
function ownAddress(server: string, locals: readonly string[]): string | null {
  const isV6 = server.includes(':')
  if (server === '::1' || server.startsWith('127.')) return server === '::1' ? '::1' : '127.0.0.1'
  return locals.find((address) => address.includes(':') === isV6) ?? null
}

class UdpFlow implements SipFlow {
  readonly transport = 'UDP'
  readonly #socket: DatagramSocket
  readonly #server: DatagramAddress
  readonly #context: UdpFlowContext
  readonly #transactions: DatagramTransactions
  readonly #overTcp = new Set<string>()
  readonly ownHost: string
  #local: { readonly host: string; readonly port: number }
  #tcp: Promise<SipFlow | null> | null = null
  #timer: Timer
  #isOpen = true
  #onMessage: (bytes: Uint8Array) => void = () => undefined
  #onClose: (failure?: SocketFailure) => void = () => undefined

  constructor(socket: DatagramSocket, server: DatagramAddress, host: string, context: UdpFlowContext) {
    this.#socket = socket
    this.#server = server
    this.#context = context
    this.ownHost = host
    this.#local = { host, port: socket.local.port }
    this.#transactions = new DatagramTransactions({
      clock: context.clock,
      send: (bytes) => socket.send(bytes, server),
      deliver: (bytes) => this.#onMessage(bytes),
    })
    this.#timer = this.#beat()
    socket.onDatagram((bytes, from) => {
      // Nobody but the server is listened to (design §10).
      if (from.host === server.host && from.port === server.port) this.#receive(bytes)
    })
  }

  /** As the server sees us, once it has said so. */
  get local(): { readonly host: string; readonly port: number } {
    return this.#local
  }

  send(bytes: Uint8Array): void {
    if (!this.#isOpen) return
    const message = parseSip(bytes)
    if (message.kind === 'request' && this.#wantsTcp(message, bytes)) this.#sendOverTcp(message, bytes)
    else this.#transactions.outgoing(message, bytes)
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#timer.cancel()
    this.#transactions.stop()
    this.#socket.close()
    void this.#tcp?.then((flow) => flow?.close())
    this.#onClose()
  }

  expectPongs(): void {
    // A datagram is no connection: its keep-alives are not answered (RFC 5626 §4.4.2 would ask by STUN).
  }

  probe(): void {
    this.#socket.send(keepAlive, this.#server)
  }

  onMessage(handler: (bytes: Uint8Array) => void): void {
    this.#onMessage = handler
  }

  onClose(handler: (failure?: SocketFailure) => void): void {
    this.#onClose = handler
  }

  #beat(): Timer {
    const delayMs = keepAliveMs * (0.8 + 0.2 * uniform(this.#context.random))
    return this.#context.clock.after(delayMs, () => {
      this.probe()
      this.#timer = this.#beat()
    })
  }

  #receive(bytes: Uint8Array): void {
    // Keep-alives of the server: CRLFs, or four zero bytes.
    if (!this.#isOpen || bytes.length <= 4) return
    let message: SipMessage
    try {
      message = parseSip(bytes)
      if (message.kind === 'response') this.#learn(message)
      else message = this.#withSource(message)
      this.#transactions.incoming(message, message.kind === 'request' ? serializeSip(message) : bytes)
    } catch (error) {
      if (!(error instanceof SipParseError)) throw error
      // Judged, and answered where it can be, by the reader of the wire.
      this.#onMessage(bytes)
    }
  }

  /** RFC 3261 §18.2.1, RFC 3581 §4: the sender hears where its request came from. */
  #withSource(request: SipRequest): SipRequest {
    const [first, ...rest] = headerItems(request, 'via')
    if (first === undefined) return request
    const via = parseVia(first)
    const parameters = new Map([...via.parameters, ['received', this.#server.host]])
    if (via.parameters.get('rport') === null) parameters.set('rport', String(this.#server.port))
    return withHeader(request, 'via', [serializeVia({ ...via, parameters }), ...rest].join(', '))
  }

  #learn(response: SipMessage): void {
    const via = topVia(response)
    const [host, port] = [via?.parameters.get('received'), Number(via?.parameters.get('rport'))]
    if (typeof host !== 'string' || !/^[0-9a-f.:]{2,45}$/i.test(host) || !(port > 0 && port < 65_536)) return
    this.#local = { host, port }
  }

  #wantsTcp(request: SipRequest, bytes: Uint8Array): boolean {
    const isFollowing = request.method === 'ACK' || request.method === 'CANCEL'
    return isFollowing ? this.#overTcp.has(branchOf(request)) : bytes.length > maxDatagramBytes
  }

  #sendOverTcp(request: SipRequest, bytes: Uint8Array): void {
    const branch = branchOf(request)
    this.#tcp ??= this.#openTcp()
    if (this.#overTcp.size >= maxOverTcp) this.#overTcp.clear()
    this.#overTcp.add(branch)
    void this.#tcp.then((flow) => {
      if (!this.#isOpen) return
      // RFC 3261 §18.1.1: where TCP does not work, a large datagram is better than nothing.
      if (flow === null) {
        this.#overTcp.delete(branch)
        this.#transactions.outgoing(request, bytes)
      } else flow.send(serializeSip(withVia(request, flow, branch)))
    })
  }

  async #openTcp(): Promise<SipFlow | null> {
    const opened = await this.#context.openStream()
    if (!opened.ok) return null
    const flow = opened.value
    flow.onMessage((bytes) => this.#onMessage(bytes))
    flow.onClose(() => {
      this.#tcp = null
    })
    return flow
  }
}
