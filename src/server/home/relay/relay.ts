import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { ByteStream, MessageSocket } from '#shared/ports/sockets.ts'
import { socketTransport, streamTransport } from '#protocol/msrp/transport.ts'
import type { VerifierOptions } from './digest-verifier.ts'
import { defaultRelayLimits, type RelayLimits } from './limits.ts'
import { PathTable } from './path-table.ts'
import { RelayPeer } from './relay-peer.ts'
import type { RelayOptions } from './relay-ports.ts'

export type { Ha1Port } from './digest-verifier.ts'
export type { RelayOptions } from './relay-ports.ts'

/** What the connections of one relay share. */
export interface RelayCore {
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
  readonly limits: RelayLimits
  readonly paths: PathTable<RelayPeer>
  readonly digest: Pick<VerifierOptions, 'realm' | 'secrets' | 'nonceLifeMs'>
  readonly advertise: RelayOptions['advertise']
  readonly plainAuth: 'loopback' | 'never'
  /** 96 random bits. */
  newId(): string
  forget(peer: RelayPeer): void
}

const sweepMs = 60_000

/**
 * MSRP relay for the people of one domain (RFC 4976 over TCP and TLS, RFC 7977 over WebSocket). Keeps and logs no content.
 * It opens no connections: both ends of a session must have signed in here.
 */
export class MsrpRelay {
  readonly #core: RelayCore
  readonly #peers = new Set<RelayPeer>()
  #sweep: Timer
  #stopped = false

  constructor(options: RelayOptions) {
    const { clock, random, log, realm, secrets, advertise } = options
    const limits = options.limits ?? defaultRelayLimits
    this.#core = {
      ...{ clock, random, log, limits, advertise },
      paths: new PathTable(clock, random),
      digest: { realm, secrets, nonceLifeMs: limits.nonceLifeMs },
      plainAuth: options.plainAuth ?? 'loopback',
      newId: () => Buffer.from(random.bytes(12)).toString('hex'),
      forget: (peer) => this.#peers.delete(peer),
    }
    this.#sweep = this.#startSweep()
  }

  /** Takes over a TCP or TLS connection. */
  acceptStream(stream: ByteStream): void {
    const peer = this.#admit(() => stream.close())
    peer?.attach(streamTransport(stream, peer, this.#parserLimits()))
  }

  /** Takes over a WebSocket that negotiated `msrp`. */
  acceptSocket(socket: MessageSocket): void {
    const peer = this.#admit(() => socket.close(1013))
    const { clock } = this.#core
    peer?.attach(socketTransport(socket, peer, { clock, limits: this.#parserLimits() }))
  }

  /** Connections at this moment. */
  get connections(): number {
    return this.#peers.size
  }

  /** Closes the connections that were proven to be the user's, and with them their paths. */
  disconnectUser(user: string): void {
    for (const peer of [...this.#peers]) if (peer.user === user) peer.close()
  }

  /** Closes every connection; the relay is of no use afterwards. */
  stop(): void {
    this.#stopped = true
    this.#sweep.cancel()
    for (const peer of [...this.#peers]) peer.close()
  }

  #admit(refuse: () => void): RelayPeer | null {
    if (this.#stopped || this.#peers.size >= this.#core.limits.maxConnections) {
      this.#core.log.warn('relay.full', { count: this.#peers.size })
      refuse()
      return null
    }
    const peer = new RelayPeer(this.#core)
    this.#peers.add(peer)
    return peer
  }

  /** Chunks have no size limit of their own: they are cut while they pass. */
  #parserLimits(): { maxHeadBytes: number; maxBodyBytes: number } {
    return { maxHeadBytes: this.#core.limits.maxHeadBytes, maxBodyBytes: Number.MAX_SAFE_INTEGER }
  }

  #startSweep(): Timer {
    return this.#core.clock.after(sweepMs, () => {
      this.#core.paths.sweep()
      this.#sweep = this.#startSweep()
    })
  }
}
