import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { IpFamily } from './ip-address.ts'
import {
  attributeTypes,
  findAttribute,
  findError,
  findUint32,
  findXorAddress,
  uint32Attribute,
} from './stun-attributes.ts'
import { decodeStun, isStun, methods, type StunAttribute, type StunMessage } from './stun-message.ts'
import { StunTransactions } from './stun-transactions.ts'
import { TurnAuth, type TurnCredentials } from './turn-auth.ts'
import { TurnPeers } from './turn-peers.ts'

/** Why there is no relay: no answer · wrong name or password · too many at once · another refusal, with its code (0 = nonsense). */
export type TurnFailure =
  | { readonly kind: 'timed-out' | 'unauthorized' | 'quota' | 'closed' }
  | { readonly kind: 'refused'; readonly code: number }

/** What the server gave. */
export interface TurnAllocation {
  /** Where peers reach us. */
  readonly relayed: DatagramAddress
  /** Where the server sees us. */
  readonly mapped: DatagramAddress
}

/** What a client needs; `send` goes to the server. */
export interface TurnHost {
  readonly clock: ClockPort
  readonly random: RandomPort
  send(packet: Uint8Array): void
  /** A peer's datagram came through the relay; the bytes are a view of what was received. */
  onData(bytes: Uint8Array, from: DatagramAddress): void
  /** The relay is gone although nobody closed it. */
  onLost(failure: TurnFailure): void
}

/** Seconds. */
const wantedLifetime = 600
const refreshEarly = 60
const longestLifetime = 3600
const maxAttempts = 4
const udp = 17

/** A client of one allocation over UDP (RFC 8656), without its socket. Credentials are never logged or sent in clear. */
export class TurnClient {
  readonly #host: TurnHost
  readonly #auth: TurnAuth
  readonly #transactions: StunTransactions
  readonly #peers: TurnPeers
  #phase: 'new' | 'allocated' | 'closed' = 'new'
  #refresh: Timer | null = null
  #abandon: () => void = () => undefined

  constructor(credentials: TurnCredentials, host: TurnHost) {
    this.#host = host
    this.#auth = new TurnAuth(credentials)
    this.#transactions = new StunTransactions(host.clock, (packet) => host.send(packet))
    this.#peers = new TurnPeers({
      clock: host.clock,
      newTransactionId: () => host.random.bytes(12),
      send: (packet) => host.send(packet),
      deliver: (bytes, from) => host.onData(bytes, from),
      request: (method, attributesFor, done) =>
        this.#request(method, attributesFor, (response) => done(response?.class === 'success')),
    })
  }

  /** Asks for a relay of that family; once. */
  allocate(family: IpFamily): Promise<Result<TurnAllocation, TurnFailure>> {
    const attributes = [
      uint32Attribute(attributeTypes.requestedTransport, udp * 0x1000000),
      // RFC 8656 §7.1: without it the family is IPv4, and older servers know no other.
      ...(family === 'ipv6' ? [uint32Attribute(attributeTypes.requestedAddressFamily, 0x02000000)] : []),
      uint32Attribute(attributeTypes.lifetime, wantedLifetime),
    ]
    return new Promise((resolve) => {
      this.#abandon = () => resolve(err({ kind: 'closed' }))
      this.#request(
        methods.allocate,
        () => attributes,
        (response) => resolve(this.#allocated(response)),
      )
    })
  }

  #allocated(response: StunMessage | null): Result<TurnAllocation, TurnFailure> {
    if (response?.class !== 'success') return err(failureOf(response))
    const relayed = findXorAddress(response, attributeTypes.xorRelayedAddress)
    const mapped = findXorAddress(response, attributeTypes.xorMappedAddress)
    if (relayed === null || mapped === null) return err({ kind: 'refused', code: 0 })
    this.#phase = 'allocated'
    this.#refreshAfter(response)
    return ok({ relayed, mapped })
  }

  #refreshAfter(response: StunMessage): void {
    const granted = findUint32(response, attributeTypes.lifetime) ?? wantedLifetime
    const lifetime = Math.min(Math.max(granted, 2), longestLifetime)
    const seconds = Math.max(lifetime - refreshEarly, lifetime / 2)
    this.#refresh = this.#host.clock.after(seconds * 1000, () => {
      this.#request(
        methods.refresh,
        () => [uint32Attribute(attributeTypes.lifetime, wantedLifetime)],
        (answer) => this.#refreshed(answer),
      )
    })
  }

  #refreshed(response: StunMessage | null): void {
    if (this.#phase !== 'allocated') return
    if (response?.class === 'success') {
      this.#refreshAfter(response)
      return
    }
    this.#end()
    this.#host.onLost(failureOf(response))
  }

  /** Sends through the relay; the first datagrams to a host wait for the server's permission. */
  send(bytes: Uint8Array, to: DatagramAddress): void {
    if (this.#phase === 'allocated') this.#peers.send(bytes, to)
  }

  /** Asks for a channel to that peer, which saves 32 bytes in each datagram. */
  bindChannel(to: DatagramAddress): void {
    if (this.#phase === 'allocated') this.#peers.bindChannel(to)
  }

  /** Takes a datagram that came from the server's address. */
  receive(packet: Uint8Array): void {
    if (!isStun(packet)) {
      if (this.#phase === 'allocated') this.#peers.handleChannelData(packet)
      return
    }
    const message = decodeStun(packet)
    if (message === null || this.#transactions.handle(message) || this.#phase !== 'allocated') return
    if (message.class !== 'indication' || message.method !== methods.data) return
    const from = findXorAddress(message, attributeTypes.xorPeerAddress)
    const data = findAttribute(message, attributeTypes.data)
    if (from !== null && data !== null) this.#peers.handleData(data, from)
  }

  /** Gives the relay back; `done` is called when the server knows, or could not be told. */
  close(done: () => void): void {
    const wasAllocated = this.#phase === 'allocated'
    this.#phase = 'closed'
    this.#refresh?.cancel()
    this.#peers.close()
    const finish = (): void => {
      this.#end()
      done()
    }
    this.#transactions.close()
    this.#abandon()
    if (!wasAllocated) finish()
    else this.#request(methods.refresh, () => [uint32Attribute(attributeTypes.lifetime, 0)], finish)
  }

  #end(): void {
    this.#phase = 'closed'
    this.#refresh?.cancel()
    this.#peers.close()
    this.#transactions.close()
    this.#auth.close()
  }

  /** Sends a request, again after a challenge or a stale nonce; attributes are made anew as they depend on the transaction id. */
  #request(
    method: number,
    attributesFor: (transactionId: Uint8Array) => readonly StunAttribute[],
    done: (response: StunMessage | null) => void,
    attempts = 1,
  ): void {
    const transactionId = this.#host.random.bytes(12)
    this.#transactions.start({
      packet: this.#auth.encode(method, transactionId, attributesFor(transactionId)),
      transactionId,
      accepts: (response) => response.method === method && this.#auth.accepts(response),
      done: (response) => {
        const isAgain = response?.class === 'error' && attempts < maxAttempts && this.#auth.learn(response)
        if (isAgain) this.#request(method, attributesFor, done, attempts + 1)
        else done(response)
      },
    })
  }
}

function failureOf(response: StunMessage | null): TurnFailure {
  if (response === null) return { kind: 'timed-out' }
  const code = findError(response)?.code ?? 0
  if (code === 401 || code === 441) return { kind: 'unauthorized' }
  return code === 486 ? { kind: 'quota' } : { kind: 'refused', code }
}
