import { HttpConnection } from './http-connection.ts'
import type { ReplicaAddress } from '../client-ports.ts'
import { SottoError } from '#shared/errors.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { ConnectorPort, SocketFailure, TlsIdentity } from '#shared/ports/sockets.ts'

const mostConnections = 3

/** `host` as names and `Host` have it: an IPv6 address in brackets. */
export const inBrackets = (host: string): string => (host.includes(':') ? `[${host}]` : host)

export function tlsIdentityOf({ host, spkiPins }: ReplicaAddress): TlsIdentity {
  return { serverName: host, spkiPins }
}

/** A few connections to one server, kept for the next request. */
export class Connections {
  readonly #address: ReplicaAddress
  readonly #ports: { readonly connector: Pick<ConnectorPort, 'stream'>; readonly clock: ClockPort }
  readonly #idle: HttpConnection[] = []
  readonly #all = new Set<HttpConnection>()
  readonly #queue: (() => void)[] = []
  readonly #closing = new AbortController()
  #inUse = 0

  constructor(
    address: ReplicaAddress,
    ports: { readonly connector: Pick<ConnectorPort, 'stream'>; readonly clock: ClockPort },
  ) {
    this.#address = address
    this.#ports = ports
  }

  /** Aborted by {@link close}. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /** Lends a connection to `work` when one is free; `isNew` = nothing was sent over it before. */
  async use<T>(work: (connection: HttpConnection, isNew: boolean) => Promise<T>): Promise<T> {
    await this.#enter()
    try {
      const kept = this.#kept()
      const connection = kept ?? (await this.#open())
      const result = await work(connection, kept === undefined)
      if (connection.isOpen) this.#idle.push(connection)
      return result
    } finally {
      this.#inUse -= 1
      this.#queue.shift()?.()
    }
  }

  close(): void {
    this.#closing.abort()
    for (const connection of this.#all) connection.close()
    for (const wake of this.#queue.splice(0)) wake()
  }

  async #enter(): Promise<void> {
    while (this.#inUse >= mostConnections && !this.closing.aborted)
      await new Promise<void>((resolve) => this.#queue.push(resolve))
    if (this.closing.aborted) throw new SottoError('cancelled')
    this.#inUse += 1
  }

  #kept(): HttpConnection | undefined {
    for (let one = this.#idle.pop(); one !== undefined; one = this.#idle.pop()) if (one.isOpen) return one
    return undefined
  }

  async #open(): Promise<HttpConnection> {
    const { host, port } = this.#address
    const target = { host, port, tls: tlsIdentityOf(this.#address), names: 'web' } as const
    const opened = await this.#ports.connector.stream(target, this.closing)
    if (this.closing.aborted) {
      if (opened.ok) opened.value.close()
      throw new SottoError('cancelled')
    }
    if (!opened.ok) throw failureOf(opened.error)
    for (const old of this.#all) if (!old.isOpen) this.#all.delete(old)
    const connection = new HttpConnection(opened.value, this.#ports.clock)
    this.#all.add(connection)
    return connection
  }
}

function failureOf(failure: SocketFailure): SottoError {
  if (failure.kind !== 'certificate') return new SottoError('server-unreachable')
  switch (failure.problem.reason) {
    case 'expired':
    case 'not-yet-valid':
      return new SottoError('certificate-expired')
    case 'wrong-name':
      return new SottoError('certificate-wrong-name')
    case 'untrusted':
    case 'revoked':
      return new SottoError('certificate-untrusted')
  }
}
