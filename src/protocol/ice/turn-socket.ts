import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramAddress, DatagramSocket, DatagramsPort } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { SocketFailure } from '#shared/ports/sockets.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { canonicalIp, familyOf, sameAddress, type IpFamily } from './ip-address.ts'
import type { TurnCredentials } from './turn-auth.ts'
import { TurnClient, type TurnFailure } from './turn-client.ts'

/** A relay that the user configured; names are looked up by the caller. */
export interface TurnServer {
  readonly address: DatagramAddress
  readonly credentials: TurnCredentials
  /** Family of the relays to ask for; `ipv4` unless said. */
  readonly family?: IpFamily
}

/** An allocation as a socket: `local` is the relayed address. */
export interface RelaySocket extends DatagramSocket {
  /** Where the server sees us. */
  readonly mapped: DatagramAddress
  /** Makes datagrams to and from that peer cheaper; worth it for the peer that media goes to. */
  bindChannel(to: DatagramAddress): void
  /** The relay is gone although nobody closed it. */
  onLost(handler: (failure: TurnFailure) => void): void
}

export interface RelayPorts {
  readonly datagrams: DatagramsPort
  readonly clock: ClockPort
  readonly random: RandomPort
}

/** How long a closed relay's socket waits for the server to confirm. */
const farewellMs = 4_000

/** An allocation under way; `close` gives it up, or back. */
export interface RelayAttempt {
  readonly relay: Promise<Result<RelaySocket, TurnFailure | SocketFailure>>
  close(): void
}

/** Allocates a relay of `family` at a server, over a socket of its own. */
export function openRelay(server: TurnServer, family: IpFamily, ports: RelayPorts): RelayAttempt {
  let opened: OpenRelay | null = null
  let closed = false
  const relay = bindTowards(server.address, ports.datagrams).then(async (socket) => {
    if (!socket.ok) return socket
    opened = new OpenRelay(server, socket.value, ports)
    if (closed) opened.close()
    const allocated = await opened.allocate(family)
    if (!allocated.ok) opened.close()
    return allocated
  })
  return {
    relay,
    close: () => {
      closed = true
      opened?.close()
    },
  }
}

async function bindTowards(
  server: DatagramAddress,
  datagrams: DatagramsPort,
): Promise<Result<DatagramSocket, SocketFailure>> {
  const host = canonicalIp(server.host)
  if (host === null) return err({ kind: 'dns' })
  // Which of our addresses leads to the server is for the system to know.
  return datagrams.bind({ host: familyOf(host) === 'ipv4' ? '0.0.0.0' : '::', port: 0 })
}

class OpenRelay {
  readonly #client: TurnClient
  readonly #clock: ClockPort
  readonly #socket: DatagramSocket
  #deliver: (bytes: Uint8Array, from: DatagramAddress) => void = () => undefined
  #lost: (failure: TurnFailure) => void = () => undefined
  #closed = false

  constructor({ address, credentials }: TurnServer, socket: DatagramSocket, { clock, random }: RelayPorts) {
    const server = { host: canonicalIp(address.host) ?? address.host, port: address.port }
    this.#socket = socket
    this.#clock = clock
    this.#client = new TurnClient(credentials, {
      clock,
      random,
      send: (packet) => socket.send(packet, server),
      onData: (bytes, from) => this.#deliver(bytes, from),
      onLost: (failure) => this.#lost(failure),
    })
    socket.onDatagram((packet, from) => {
      if (sameAddress(from, server)) this.#client.receive(packet)
    })
  }

  async allocate(family: IpFamily): Promise<Result<RelaySocket, TurnFailure>> {
    const allocated = await this.#client.allocate(family)
    if (!allocated.ok) return allocated
    const { relayed, mapped } = allocated.value
    return ok({
      local: relayed,
      mapped,
      send: (bytes, to) => this.#client.send(bytes, to),
      bindChannel: (to) => this.#client.bindChannel(to),
      onDatagram: (handler) => (this.#deliver = handler),
      onLost: (handler) => (this.#lost = handler),
      close: () => this.close(),
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#deliver = () => undefined
    this.#lost = () => undefined
    const patience = this.#clock.after(farewellMs, () => this.#socket.close())
    this.#client.close(() => {
      patience.cancel()
      this.#socket.close()
    })
  }
}
