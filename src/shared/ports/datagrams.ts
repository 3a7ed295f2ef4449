import type { Result } from '../result.ts'
import type { SocketFailure } from './sockets.ts'

/** A numeric IP address (never a name; IPv6 without brackets, IPv4 never in its mapped form) and a UDP port. */
export interface DatagramAddress {
  readonly host: string
  readonly port: number
}

/**
 * A UDP socket. Handlers are set once, before the first turn of the event loop ends. The bytes handed to `onDatagram` are the
 * handler's to keep and to change. `send` neither waits nor throws: what cannot be sent is lost, as the network loses it.
 */
export interface DatagramSocket {
  readonly local: DatagramAddress
  send(bytes: Uint8Array, to: DatagramAddress): void
  onDatagram(handler: (bytes: Uint8Array, from: DatagramAddress) => void): void
  close(): void
}

/** Opens UDP sockets; the one place a socket watch has to look at. */
export interface DatagramsPort {
  /** Binds to one local address; port 0 = any free one. */
  bind(at: DatagramAddress): Promise<Result<DatagramSocket, SocketFailure>>
  /** Numeric addresses of this computer's interfaces that are up; loopback and link-local left out. */
  localAddresses(): readonly string[]
}
