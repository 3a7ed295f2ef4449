import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramAddress, DatagramsPort } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { Base, Bases } from './bases.ts'
import type { Candidate, Component } from './candidate.ts'
import { bindHost, hostAddresses } from './host-sockets.ts'
import { canonicalIp, familyOf, scopeOf } from './ip-address.ts'
import { Reflexive } from './reflexive.ts'
import { openRelay, type RelayAttempt, type TurnServer } from './turn-socket.ts'

/** A stream to gather for; `components` 2 when RTCP may need a socket of its own. */
export interface StreamWish {
  readonly stream: number
  readonly components: 1 | 2
}

export interface GathererOptions {
  readonly datagrams: DatagramsPort
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly policy: 'all' | 'relay'
  readonly loopback?: boolean
  readonly stunServers?: readonly DatagramAddress[]
  readonly turnServers?: readonly TurnServer[]
}

export interface GathererEvents {
  onBase(base: Base): void
  /** A socket's address or a relay is gone. */
  onLost(base: Base): void
  onLate(stream: number, candidate: Candidate): void
}

/** Between two transactions with servers (Ta of RFC 8445 §14). */
const paceMs = 50
const highestPreference = 65_535
const maxServers = 4

/** Gathering of RFC 8445 §5.1.1: own addresses, what STUN servers see, and relays. Only servers from the options are contacted. */
export class Gatherer {
  readonly #options: GathererOptions
  readonly #bases: Bases
  readonly #events: GathererEvents
  readonly #reflexive: Reflexive
  readonly #attempts = new Set<RelayAttempt>()
  #freeAt = 0
  #round = 0
  #isLate = false
  #closed = false

  constructor(options: GathererOptions, bases: Bases, events: GathererEvents) {
    this.#options = options
    this.#bases = bases
    this.#events = events
    this.#reflexive = new Reflexive(options.clock, options.random)
  }

  /** Resolves when everything is known, or after `patienceMs`. */
  async gather(streams: readonly StreamWish[], patienceMs: number): Promise<void> {
    this.#isLate = false
    const round = ++this.#round
    if (this.#options.policy === 'all') await this.#bindHosts(streams)
    if (this.#closed) return
    const questions = [...this.#askRelays(streams), ...this.#askReflexive(streams)]
    let patience = { cancel: (): void => undefined }
    const impatience = new Promise<void>((resolve) => {
      patience = this.#options.clock.after(patienceMs, resolve)
    })
    await Promise.race([Promise.all(questions), impatience])
    patience.cancel()
    if (round === this.#round) this.#isLate = true
  }

  async #bindHosts(streams: readonly StreamWish[]): Promise<void> {
    const addresses = hostAddresses(this.#options.datagrams, this.#options.loopback === true)
    for (const wish of streams) {
      const bound = this.#bases.current(wish.stream).filter(({ relay }) => relay === null)
      for (const base of bound) if (!addresses.includes(base.socket.local.host)) this.#events.onLost(base)
      for (const [at, host] of addresses.entries()) {
        const isBound = bound.some((base) => base.socket.local.host === host)
        if (!isBound && !this.#closed) await this.#bindStream(wish, host, highestPreference - at)
      }
    }
  }

  async #bindStream({ stream, components }: StreamWish, host: string, localPreference: number): Promise<void> {
    const sockets = await bindHost(this.#options.datagrams, host, components)
    for (const [at, socket] of sockets.entries()) {
      const component: Component = at === 0 ? 1 : 2
      if (this.#closed) socket.close()
      else this.#events.onBase(this.#bases.addHost(socket, { stream, component, localPreference }))
    }
  }

  #askReflexive(streams: readonly StreamWish[]): Promise<void>[] {
    if (this.#options.policy !== 'all') return []
    const { stunServers = [], turnServers = [] } = this.#options
    const servers = [...stunServers, ...turnServers.map(({ address }) => address)].slice(0, maxServers)
    const hosts = streams.flatMap(({ stream }) => this.#bases.current(stream)).filter(({ relay }) => relay === null)
    // A binding of the last round may be gone with the network it belonged to.
    for (const { reflexive } of hosts) reflexive.length = 0
    return servers.flatMap((server) => {
      const host = canonicalIp(server.host)
      if (host === null) return []
      const reaching = hosts.filter(({ socket }) => canReach(socket.local.host, host))
      return reaching.map((base) => this.#askOne(base, { host, port: server.port }))
    })
  }

  async #askOne(base: Base, server: DatagramAddress): Promise<void> {
    await this.#turn()
    if (this.#bases.get(base.id) === null) return
    const mapped = await this.#reflexive.ask(base.socket, server)
    if (mapped === null || scopeOf(mapped.host) === 'none' || mapped.port === 0) return
    const found = this.#bases.get(base.id) === base ? this.#bases.addReflexive(base, mapped, server) : null
    if (found !== null && this.#isLate) this.#events.onLate(base.stream, found)
  }

  #askRelays(streams: readonly StreamWish[]): Promise<void>[] {
    const servers = (this.#options.turnServers ?? []).slice(0, maxServers)
    return servers.flatMap((server, at) =>
      streams.flatMap(({ stream, components }) => {
        const isOpen = (component: Component): boolean =>
          this.#bases.current(stream).some((base) => base.relay !== null && base.component === component)
        const wanted = ([1, 2] as const).filter((component) => component <= components && !isOpen(component))
        return wanted.map((component) =>
          this.#askRelay(server, { stream, component, localPreference: highestPreference - at }),
        )
      }),
    )
  }

  async #askRelay(
    server: TurnServer,
    facts: { readonly stream: number; readonly component: Component; readonly localPreference: number },
  ): Promise<void> {
    await this.#turn()
    if (this.#isClosed()) return
    const attempt = openRelay(server, server.family ?? 'ipv4', this.#options)
    this.#attempts.add(attempt)
    const relay = await attempt.relay
    this.#attempts.delete(attempt)
    if (!relay.ok) return
    if (this.#isClosed()) {
      relay.value.close()
      return
    }
    const base = this.#bases.addRelay(relay.value, server.address, facts)
    relay.value.onLost(() => {
      if (this.#bases.get(base.id) !== null) this.#events.onLost(base)
    })
    this.#events.onBase(base)
    if (this.#isLate) this.#events.onLate(facts.stream, base.candidate)
  }

  /** A call, as it may change while something is awaited. */
  #isClosed(): boolean {
    return this.#closed
  }

  /** Waits until the next transaction may begin. */
  #turn(): Promise<void> {
    const { clock } = this.#options
    const now = clock.monotonic()
    const at = Math.max(now, this.#freeAt)
    this.#freeAt = at + paceMs
    return at === now ? Promise.resolve() : new Promise((resolve) => clock.after(at - now, resolve))
  }

  /** Takes a datagram of a server; false for all else. */
  handle(bytes: Uint8Array, from: DatagramAddress): boolean {
    return this.#reflexive.handle(bytes, from)
  }

  /** Server-reflexive candidates need not be kept alive any more. */
  stopKeeping(): void {
    this.#reflexive.stopKeeping()
  }

  close(): void {
    this.#closed = true
    this.#reflexive.close()
    for (const attempt of this.#attempts) attempt.close()
  }
}

function canReach(own: string, server: string): boolean {
  const isSameSide = (scopeOf(own) === 'loopback') === (scopeOf(server) === 'loopback')
  return isSameSide && familyOf(own) === familyOf(server)
}
