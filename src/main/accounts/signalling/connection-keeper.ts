/** Runs the connection machine of one account: opens flows, gives them to the user agent, owns the timers. */
import type { ConnectionView } from '#shared/model/views.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { DatagramsPort } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { CertificateProblem, ConnectorPort, SocketFailure } from '#shared/ports/sockets.ts'
import { backoffMs, uniform } from '#protocol/sip/user-agent/backoff.ts'
import type { ResolverPort } from '#protocol/sip/user-agent/locate-server.ts'
import { openFlow, type FlowTarget } from '#protocol/sip/user-agent/open-flow.ts'
import type { SipFlow, UserAgent, UserAgentEvent } from '#protocol/sip/user-agent/user-agent.ts'
import type { SignallingAccount } from '../signalling-port.ts'
import {
  connectionView,
  initialConnection,
  stepConnection,
  type ConnectionEffect,
  type ConnectionEvent,
  type ConnectionState,
  type TimerPurpose,
} from './connection-machine.ts'
import { flowTargets } from './flow-targets.ts'
import { isServersFault, ServerChoice } from './server-choice.ts'

export interface KeeperPorts {
  readonly connector: ConnectorPort
  readonly datagrams: DatagramsPort
  readonly resolver: ResolverPort
  readonly clock: ClockPort
  readonly random: RandomPort
}

export interface KeeperEvents {
  readonly onView: (view: ConnectionView) => void
  readonly onCertificate: (problem: CertificateProblem) => void
  /** Address of ours on the new flow. */
  readonly onLocalAddress: (host: string) => void
}

/** All accounts of all devices behind one router come back at the same moment. */
const maxJitterMs = 2_000
const loopback = '127.0.0.1'

export class ConnectionKeeper {
  readonly #account: SignallingAccount
  readonly #agent: UserAgent
  readonly #ports: KeeperPorts
  readonly #events: KeeperEvents
  readonly #servers = new ServerChoice()
  #state: ConnectionState = initialConnection
  #timer: Timer | null = null
  #opening: AbortController | null = null
  #flow: SipFlow | null = null

  constructor(account: SignallingAccount, agent: UserAgent, ports: KeeperPorts, events: KeeperEvents) {
    this.#account = account
    this.#agent = agent
    this.#ports = ports
    this.#events = events
  }

  get isRegistered(): boolean {
    return this.#state.phase === 'registered'
  }

  /** Connects now, whatever was before. */
  start(): void {
    this.#step({ kind: 'start' })
  }

  /** A flow from an address that is gone is replaced at once: waiting for it to time out would cost a running call its path. */
  networkChanged(): void {
    this.#step({ kind: this.#hasMoved() ? 'start' : 'network-changed' })
  }

  #hasMoved(): boolean {
    const host = this.#flow?.ownHost ?? loopback
    const isLoopback = host.startsWith('127.') || host === '::1'
    return !isLoopback && !this.#ports.datagrams.localAddresses().includes(host)
  }

  /** Drops everything; the user agent says good-bye by itself before. */
  stop(): void {
    this.#step({ kind: 'stop' })
  }

  /** Takes what the user agent has to say about the registration. */
  handle(event: UserAgentEvent): void {
    if (event.kind === 'registered') this.#step({ kind: 'registered' })
    else if (event.kind === 'registration-failed') this.#step({ kind: 'register-failed', failure: event.failure })
    else if (event.kind === 'flow-lost') {
      this.#flow = null
      this.#step({ kind: 'lost' })
    }
  }

  #step(event: ConnectionEvent): void {
    const { clock, random } = this.#ports
    this.#judge(event)
    const before = this.#state
    const { state, effects } = stepConnection(before, event, {
      nowMs: clock.now(),
      backoffMs: (failures) => backoffMs(failures, random),
      jitterMs: Math.round(uniform(random) * maxJitterMs),
      isOtherLeft: this.#servers.isOtherLeft,
    })
    this.#state = state
    if (state.phase !== before.phase || state.retryAt !== before.retryAt || state.reason !== before.reason) {
      this.#events.onView(connectionView(state))
    }
    for (const effect of effects) this.#run(effect)
  }

  /** What this says about the present server. */
  #judge(event: ConnectionEvent): void {
    const isRunning = this.#state.phase === 'registering' || this.#state.phase === 'registered'
    if (event.kind === 'registered') this.#servers.succeeded()
    else if (!isRunning) return
    else if (event.kind === 'lost' || (event.kind === 'timer' && event.purpose === 'check')) this.#servers.failed()
    else if (event.kind === 'register-failed' && isServersFault(event.failure)) this.#servers.failed()
  }

  #run(effect: ConnectionEffect): void {
    switch (effect.kind) {
      case 'open':
        void this.#open()
        return
      case 'refresh':
        this.#agent.refresh()
        return
      case 'close-flow':
        this.#opening?.abort()
        this.#opening = null
        this.#flow?.close()
        this.#flow = null
        return
      case 'start-timer':
        this.#startTimer(effect.purpose, effect.delayMs)
        return
      case 'stop-timer':
        this.#timer?.cancel()
        return
      case 'certificate':
        this.#events.onCertificate(effect.problem)
        return
    }
  }

  #startTimer(purpose: TimerPurpose, delayMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#ports.clock.after(delayMs, () => this.#step({ kind: 'timer', purpose }))
  }

  async #open(): Promise<void> {
    const opening = new AbortController()
    this.#opening = opening
    try {
      await this.#openFlow(opening)
    } catch {
      // Without this the phase would stay where it is, and nothing would ever register again.
      if (this.#opening === opening) this.#giveUp()
    }
  }

  #giveUp(): void {
    this.#flow?.close()
    this.#flow = null
    this.#step(
      this.#state.phase === 'opening' ? { kind: 'open-failed', failure: { kind: 'closed' } } : { kind: 'lost' },
    )
  }

  async #openFlow(opening: AbortController): Promise<void> {
    const targets = await flowTargets(this.#account, this.#ports.resolver, this.#ports.random)
    if (this.#opening !== opening) return
    if (!targets.ok) {
      this.#step({ kind: 'refused', reason: targets.error })
      return
    }
    const opened = await this.#openFirst(targets.value, opening.signal)
    if (this.#opening !== opening) {
      if ('flow' in opened) opened.flow.close()
      return
    }
    if ('flow' in opened) {
      this.#flow = opened.flow
      this.#events.onLocalAddress(opened.flow.ownHost)
      this.#step({ kind: 'opened' })
      // Whoever saw the new view may have stopped or started again.
      if (this.#opening === opening) this.#agent.attach(opened.flow)
    } else this.#step({ kind: 'open-failed', failure: opened.failure })
  }

  /** A certificate problem of any target is what the user hears of. */
  async #openFirst(
    targets: readonly FlowTarget[],
    signal: AbortSignal,
  ): Promise<{ flow: SipFlow } | { failure: SocketFailure }> {
    let failure: SocketFailure = { kind: 'dns' }
    for (const target of this.#servers.remaining(targets)) {
      const result = await openFlow(target, this.#ports, signal)
      if (result.ok) {
        this.#servers.chose(target)
        return { flow: result.value }
      }
      if (!signal.aborted) this.#servers.failed(target)
      if (failure.kind !== 'certificate') failure = result.error
      // An aborted attempt fails at once, so the rest is quick.
    }
    return { failure }
  }
}
