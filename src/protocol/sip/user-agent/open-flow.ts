/** Opens connections to SIP servers and keeps them alive: framing, CRLF pings and pongs (RFC 5626 §3.5.1, §4.4.1). */
import { isUtf8 } from 'node:buffer'
import { isIP } from 'node:net'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { DatagramsPort } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { ByteStream, ConnectorPort, MessageSocket, SocketFailure, TlsIdentity } from '#shared/ports/sockets.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { SipParseError } from '../errors.ts'
import { SipStreamFramer } from '../framing.ts'
import { uniform } from './backoff.ts'
import type { ResolverPort } from './locate-server.ts'
import { openUdpFlow } from './udp-flow.ts'
import type { SipFlow } from './user-agent.ts'

export type FlowTarget =
  | { readonly kind: 'web-socket'; readonly url: string; readonly tls?: TlsIdentity }
  | { readonly kind: 'datagram'; readonly host: string; readonly port: number }
  | { readonly kind: 'stream'; readonly host: string; readonly port: number; readonly tls?: TlsIdentity }

export interface FlowContext {
  readonly connector: ConnectorPort
  readonly datagrams: DatagramsPort
  readonly resolver: Pick<ResolverPort, 'addresses'>
  readonly clock: ClockPort
  readonly random: RandomPort
}

/** More unsent bytes than this mean that the server stopped reading. */
const maxBufferedBytes = 4 * 1024 * 1024
/** RFC 5626 §4.4.1 allows up to two minutes; home routers forget sooner. */
const pingMs = 30_000
const pongTimeoutMs = 10_000
const ping = Buffer.from('\r\n\r\n')
const pong = Buffer.from('\r\n')

/** Connects to one target. */
export async function openFlow(
  target: FlowTarget,
  context: FlowContext,
  signal?: AbortSignal,
): Promise<Result<SipFlow, SocketFailure>> {
  if (target.kind === 'web-socket') {
    const opened = await context.connector.webSocket(target.url, 'sip', target.tls, signal)
    return opened.ok ? ok(webSocketFlow(opened.value)) : err(opened.error)
  }
  if (target.kind === 'datagram') return openDatagrams(target, context, signal)
  const opened = await context.connector.stream(target, signal)
  return opened.ok ? ok(streamFlow(opened.value, context)) : err(opened.error)
}

/** Datagrams go to one address: the first of the host that a socket can be bound for. */
async function openDatagrams(
  { host, port }: Extract<FlowTarget, { readonly kind: 'datagram' }>,
  context: FlowContext,
  signal?: AbortSignal,
): Promise<Result<SipFlow, SocketFailure>> {
  const addresses = isIP(host) === 0 ? await context.resolver.addresses(host) : [host]
  if (signal?.aborted === true) return err({ kind: 'closed' })
  let failure: SocketFailure = { kind: 'dns' }
  for (const address of addresses) {
    const openStream = (): ReturnType<typeof openFlow> => openFlow({ kind: 'stream', host: address, port }, context)
    const opened = await openUdpFlow({ host: address, port }, { ...context, openStream })
    if (opened.ok) return opened
    failure = opened.error
  }
  return err(failure)
}

/** RFC 7118 §4: one message per WebSocket message. The connector pings by itself (RFC 6455 §5.5.2). */
function webSocketFlow(socket: MessageSocket): SipFlow {
  return {
    transport: socket.secure ? 'WSS' : 'WS',
    local: null,
    ownHost: socket.local.host,
    send: (bytes) => {
      // Text where it is text: some servers take no binary messages (RFC 7118 §4 allows both).
      socket.send(isUtf8(bytes) ? Buffer.from(bytes).toString('utf8') : bytes)
      if (socket.bufferedBytes > maxBufferedBytes) socket.close()
    },
    close: () => socket.close(),
    expectPongs: () => undefined,
    probe: () => undefined,
    onMessage: (handler) =>
      socket.onMessage((message) => {
        const bytes = typeof message === 'string' ? Buffer.from(message, 'utf8') : message
        if (isKeepAlive(bytes)) socket.send('\r\n')
        else handler(bytes)
      }),
    onClose: (handler) => socket.onClose(handler),
  }
}

function isKeepAlive(bytes: Uint8Array): boolean {
  return bytes.length <= 4 && bytes.every((byte) => byte === 0x0d || byte === 0x0a)
}

function streamFlow(stream: ByteStream, context: FlowContext): SipFlow {
  const framer = new SipStreamFramer('server')
  const keepAlive = new KeepAlive(stream, context)
  let handler: (bytes: Uint8Array) => void = () => undefined
  return {
    transport: stream.secure ? 'TLS' : 'TCP',
    local: stream.local,
    ownHost: stream.local.host,
    send: (bytes) => {
      stream.write(bytes)
      if (stream.bufferedBytes > maxBufferedBytes) stream.close()
    },
    close: () => {
      keepAlive.stop()
      stream.close()
    },
    expectPongs: () => keepAlive.expectPongs(),
    probe: () => keepAlive.probe(),
    onMessage: (onMessage) => {
      handler = onMessage
      stream.onData((bytes) => {
        try {
          for (const input of framer.push(bytes)) {
            keepAlive.sawLife(input.kind === 'pong')
            if (input.kind === 'message') handler(input.bytes)
            else if (input.kind === 'ping') stream.write(pong)
          }
        } catch (error) {
          // The stream cannot be resynchronised (RFC 3261 §18.3).
          if (!(error instanceof SipParseError)) throw error
          stream.close()
        }
      })
    },
    onClose: (onClose) =>
      stream.onClose((failure) => {
        keepAlive.stop()
        onClose(failure)
      }),
  }
}

/** Pings on a jittered beat; a missing pong ends the stream once the server has shown or promised that it answers. */
class KeepAlive {
  readonly #stream: ByteStream
  readonly #context: FlowContext
  #answers = false
  #timer: Timer

  constructor(stream: ByteStream, context: FlowContext) {
    this.#stream = stream
    this.#context = context
    this.#timer = this.#beat()
  }

  expectPongs(): void {
    this.#answers = true
  }

  sawLife(isPong: boolean): void {
    this.#answers ||= isPong
    this.#timer.cancel()
    this.#timer = this.#beat()
  }

  probe(): void {
    this.#timer.cancel()
    this.#stream.write(ping)
    this.#timer = this.#context.clock.after(pongTimeoutMs, () => {
      if (this.#answers) this.#stream.close()
      else this.#timer = this.#beat()
    })
  }

  stop(): void {
    this.#timer.cancel()
  }

  #beat(): Timer {
    const delayMs = pingMs * (0.8 + 0.2 * uniform(this.#context.random))
    return this.#context.clock.after(delayMs, () => this.probe())
  }
}
