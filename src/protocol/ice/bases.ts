import type { DatagramAddress, DatagramSocket } from '#shared/ports/datagrams.ts'
import { candidatePriority, Foundations, type Component, type LocalCandidate } from './candidate.ts'
import { sameAddress } from './ip-address.ts'
import type { RelaySocket } from './turn-socket.ts'

/** A socket or relay of one component. */
export interface Base {
  readonly id: number
  readonly stream: number
  readonly component: Component
  readonly socket: DatagramSocket
  /** Null for a socket of our own. */
  readonly relay: RelaySocket | null
  /** The address that the socket itself has. */
  readonly candidate: LocalCandidate
  /** The same socket as servers see it. */
  readonly reflexive: LocalCandidate[]
  /** Belongs to a former description. */
  isRetired: boolean
}

interface NewBase {
  readonly stream: number
  readonly component: Component
  readonly localPreference: number
}

/** All sockets and relays of an agent, and the candidates they make. */
export class Bases {
  readonly #bases = new Map<number, Base>()
  readonly #foundations = new Foundations()
  #lastId = 0

  addHost(socket: DatagramSocket, facts: NewBase): Base {
    return this.#add(socket, null, facts, this.#foundations.of('host', socket.local.host))
  }

  addRelay(relay: RelaySocket, server: DatagramAddress, facts: NewBase): Base {
    return this.#add(relay, relay, facts, this.#foundations.of('relay', relay.local.host, server.host))
  }

  #add(socket: DatagramSocket, relay: RelaySocket | null, facts: NewBase, foundation: string): Base {
    const { stream, component, localPreference } = facts
    const id = ++this.#lastId
    const type = relay === null ? 'host' : 'relay'
    const priority = candidatePriority(type, localPreference, component)
    const candidate: LocalCandidate = { foundation, component, priority, address: socket.local, type, base: id }
    const base: Base = { id, stream, component, socket, relay, candidate, reflexive: [], isRetired: false }
    this.#bases.set(id, base)
    return base
  }

  /** Notes how a server sees a socket; null when that says nothing new. */
  addReflexive(base: Base, address: DatagramAddress, server: DatagramAddress): LocalCandidate | null {
    const known = [base.candidate, ...base.reflexive]
    if (known.some((one) => sameAddress(one.address, address))) return null
    const { component, candidate } = base
    const foundation = this.#foundations.of('srflx', candidate.address.host, server.host)
    const priority = candidatePriority('srflx', (candidate.priority >> 8) & 0xffff, component)
    const related = candidate.address
    const found: LocalCandidate = {
      ...{ foundation, component, priority, address, type: 'srflx', related, base: base.id },
    }
    base.reflexive.push(found)
    return found
  }

  get(id: number): Base | null {
    return this.#bases.get(id) ?? null
  }

  all(): readonly Base[] {
    return [...this.#bases.values()]
  }

  /** Those that the next description speaks of. */
  current(stream: number): readonly Base[] {
    return this.all().filter((base) => base.stream === stream && !base.isRetired)
  }

  /** Candidates for a description, best first. */
  candidates(stream: number): readonly LocalCandidate[] {
    const found = this.current(stream).flatMap(({ candidate, reflexive }) => [candidate, ...reflexive])
    return found.sort((a, b) => b.priority - a.priority)
  }

  /** Closes one and forgets it. */
  close(base: Base): void {
    base.reflexive.length = 0
    base.socket.close()
    this.#bases.delete(base.id)
  }
}
