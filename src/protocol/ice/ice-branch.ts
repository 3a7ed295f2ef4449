import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { Base, Bases } from './bases.ts'
import type { IceCredentials, IceRole } from './binding.ts'
import { defaultCandidate, type Candidate, type Component } from './candidate.ts'
import { IceMachine } from './ice-machine.ts'
import type { IceOutput, IcePath, IceTiming, RemoteDescription, StreamState } from './ice-types.ts'
import { familyOf } from './ip-address.ts'

/** What the owner of a branch is told; all of it may be left out. */
export interface IceBranchEvents {
  onState?(stream: number, state: StreamState): void
  /** Where {@link IceBranch.send} now sends to. */
  onPath?(stream: number, component: Component, path: IcePath): void
  /** Nothing is sent on that component until a restart finds another path. */
  onConsentLost?(stream: number, component: Component): void
  onRole?(role: IceRole): void
}

export interface IceBranchOptions {
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly bases: Bases
  readonly role: IceRole
  readonly timing: IceTiming | undefined
  /** Of the description that all branches answer; fresh ones where there is none yet. */
  readonly credentials?: IceCredentials
  /** The peer described itself, first or anew. */
  readonly onRemote: (remote: RemoteDescription) => void
  readonly onCompleted: () => void
}

const unheard: Required<IceBranchEvents> = {
  onState: () => undefined,
  onPath: () => undefined,
  onConsentLost: () => undefined,
  onRole: () => undefined,
}

/**
 * One peer of an agent. An offer that forked has several answers: each has its own credentials, check lists, paths and consent, over
 * the sockets and under the credentials that were offered.
 */
export class IceBranch {
  readonly #options: IceBranchOptions
  readonly #events: Required<IceBranchEvents>
  readonly #machine: IceMachine
  readonly #states = new Map<number, StreamState>()
  readonly #plain = new Map<string, { readonly base: Base; readonly to: DatagramAddress }>()
  #remote: RemoteDescription | null = null
  #timer: Timer | null = null
  #closed = false

  constructor(options: IceBranchOptions, events: IceBranchEvents) {
    this.#options = options
    this.#events = { ...unheard, ...events }
    const { role, random, timing, credentials, bases } = options
    const optional = { ...(timing === undefined ? {} : { timing }), ...(credentials && { credentials }) }
    this.#machine = new IceMachine({ role, random, ...optional })
    for (const base of bases.all()) this.adopt(base)
  }

  /** Role at this moment; conflicts and lite peers may change it. */
  get role(): IceRole {
    return this.#machine.role
  }

  /** Ours, for the next description. */
  get credentials(): IceCredentials {
    return this.#machine.credentials
  }

  /** The peer's last description; null before {@link start}. */
  get remote(): RemoteDescription | null {
    return this.#remote
  }

  /** The peer's description, once the user has accepted it: checks begin. Also for every later description. */
  start(remote: RemoteDescription): void {
    if (this.#closed) return
    this.#remote = remote
    this.#options.onRemote(remote)
    this.#run(this.#machine.start(remote, this.#now))
  }

  /** One more candidate of the peer (RFC 8838). */
  addRemoteCandidate(stream: number, candidate: Candidate): void {
    if (!this.#closed) this.#run(this.#machine.addRemote(stream, candidate, this.#now))
  }

  /**
   * Without ICE: media of a component goes to that address, from the socket whose address we advertised. The owner may move it to
   * where the peer's media really comes from (symmetric RTP). Null ends it. False = no socket of that family.
   */
  setPlainRemote(stream: number, component: Component, to: DatagramAddress | null): boolean {
    const key = `${stream}.${component}`
    this.#plain.delete(key)
    if (to === null || this.#closed) return to === null
    const sameFamily = this.#options.bases
      .candidates(stream)
      .filter(({ address }) => familyOf(address.host) === familyOf(to.host))
    const base = this.#options.bases.get(defaultCandidate(sameFamily, component)?.base ?? -1)
    if (base === null) return false
    this.#plain.set(key, { base, to })
    base.relay?.bindChannel(to)
    return true
  }

  /** Sends media of a component; false = there is nowhere to send to yet, or no more. */
  send(stream: number, component: Component, bytes: Uint8Array): boolean {
    const path = this.#machine.pathOf(stream, component)
    const plain = path === null ? this.#plain.get(`${stream}.${component}`) : undefined
    const base = path === null ? plain?.base : this.#options.bases.get(path.base)
    const to = path?.remote ?? plain?.to
    if (base === undefined || base === null || to === undefined) return false
    base.socket.send(bytes, to)
    return true
  }

  /** Whether what {@link setPlainRemote} named is reached through the relay. */
  isPlainRelayed(stream: number, component: Component): boolean {
    return (this.#plain.get(`${stream}.${component}`)?.base.relay ?? null) !== null
  }

  /** Where media of a component goes by ICE. */
  pathOf(stream: number, component: Component): IcePath | null {
    return this.#machine.pathOf(stream, component)
  }

  /** Whether checks have proved that this peer is at that address. */
  isValidated(base: number, from: DatagramAddress): boolean {
    return this.#machine.isValidated(base, from)
  }

  /** Whether a check under that username is this peer's, by what it says. */
  expects(stream: number, username: string): boolean {
    return this.#machine.expects(stream, username)
  }

  /** A datagram that may be STUN of this peer. */
  receive(base: number, from: DatagramAddress, bytes: Uint8Array): void {
    this.#run(this.#machine.receive(base, from, bytes, this.#now))
  }

  /** A socket or relay is there to send from. */
  adopt({ stream, candidate, isRetired, id }: Base): void {
    this.#run(this.#machine.addBase(stream, candidate, this.#now))
    if (isRetired) this.#machine.retireBase(id)
  }

  retire(base: Base): void {
    this.#machine.retireBase(base.id)
  }

  /** A socket or relay is gone. */
  drop(base: Base): void {
    for (const [key, plain] of this.#plain) if (plain.base === base) this.#plain.delete(key)
    this.#run(this.#machine.removeBase(base.id, this.#now))
  }

  /** Fresh credentials; media stays on its paths until {@link start} has led to better ones. */
  restart(role?: IceRole): void {
    this.#machine.restart(role)
  }

  abandonRestart(): void {
    this.#machine.abandonRestart()
    this.#arm()
  }

  /** Whether every one of these streams has its nominated path. */
  isCompleted(streams: readonly number[]): boolean {
    return streams.every((stream) => this.#states.get(stream) === 'completed')
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    this.#machine.close()
    this.#plain.clear()
  }

  get #now(): number {
    return this.#options.clock.monotonic()
  }

  #run(outputs: readonly IceOutput[]): void {
    for (const output of outputs) this.#perform(output)
    this.#arm()
  }

  #arm(): void {
    this.#timer?.cancel()
    const { deadline } = this.#machine
    if (deadline === null || this.#closed) return
    // Whole milliseconds: a rest that no clock can tell from nothing would be waited for again and again.
    this.#timer = this.#options.clock.after(Math.max(0, Math.ceil(deadline - this.#now)), () => {
      this.#run(this.#machine.tick(this.#now))
    })
  }

  #perform(output: IceOutput): void {
    if (output.kind === 'send') this.#options.bases.get(output.base)?.socket.send(output.bytes, output.to)
    else this.#announce(output)
  }

  #announce(output: Exclude<IceOutput, { readonly kind: 'send' }>): void {
    switch (output.kind) {
      case 'path':
        if (output.path.nominated) this.#options.bases.get(output.path.base)?.relay?.bindChannel(output.path.remote)
        this.#events.onPath(output.stream, output.component, output.path)
        return
      case 'state':
        this.#states.set(output.stream, output.state)
        if (output.state === 'completed') this.#options.onCompleted()
        this.#events.onState(output.stream, output.state)
        return
      case 'consent-lost':
        this.#events.onConsentLost(output.stream, output.component)
        return
      case 'role':
        this.#events.onRole(output.role)
    }
  }
}
