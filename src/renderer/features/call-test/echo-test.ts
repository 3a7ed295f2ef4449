/** A test call with an echo contact: placed, measured for some seconds, ended again. */
import type { BridgeReply } from '#shared/bridge/api.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type { CallId, CallNetworkView, CallView } from '#shared/model/calls.ts'
import type { AccountId } from '#shared/model/ids.ts'
import type { StatsSample } from '#renderer/media/stats.ts'
import { type EchoResult, resultOf, secondOf, type TestSecond } from './measure.ts'

/** Whom to call. */
export interface EchoTarget {
  readonly accountId: AccountId
  /** An address as it was typed. */
  readonly peer: string
}

/** Where a test stands; every failure has words. */
export type EchoTestState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'calling' }
  /** The other side would learn the user's address: the user is asked. */
  | { readonly kind: 'asking'; readonly target: EchoTarget }
  | { readonly kind: 'measuring'; readonly seconds: readonly TestSecond[] }
  | { readonly kind: 'done'; readonly seconds: readonly TestSecond[]; readonly result: EchoResult }
  | { readonly kind: 'failed'; readonly why: EchoFailure }

/** Why there is no result. */
export type EchoFailure =
  | { readonly kind: 'error'; readonly code: ErrorCode; readonly params: Readonly<Record<string, string | number>> }
  | { readonly kind: 'ended'; readonly view: CallView }
  | { readonly kind: 'no-answer' | 'nothing-heard' }

/** What a test needs of calls and media. */
export interface EchoTestPorts {
  readonly place: (target: EchoTarget, showAddress: boolean) => Promise<BridgeReply<CallId>>
  /** Hangs up and takes the call from the screen; never rejects. */
  readonly finish: (id: CallId) => Promise<void>
  readonly calls: () => readonly CallView[]
  readonly onCalls: (changed: (calls: readonly CallView[]) => void) => () => void
  readonly network: (id: CallId) => Promise<CallNetworkView | null>
  /** Figures of the browser, the newest last; sampled while `watch`ed. */
  readonly watch: (id: CallId) => () => void
  readonly newest: (id: CallId) => StatsSample | null
  readonly tested: (id: CallId | null) => void
  readonly changed: (state: EchoTestState) => void
}

/** Seconds with sound that make a result. */
export const testSeconds = 10
/** Reports come every five seconds or so: a round trip that is still missing is waited for this long, s. */
const longestSeconds = 20
const answerMs = 30_000
/** Sound that has not come back by then does not come, s after the answer. */
const silentSeconds = 10

/** What may end the call of a test. */
type Over = { readonly kind: 'cancelled' } | EchoFailure | { readonly kind: 'measured' }

/** One test at a time; {@link EchoTest.cancel} hangs up wherever it stands. */
export class EchoTest {
  readonly #ports: EchoTestPorts
  #state: EchoTestState = { kind: 'idle' }
  #generation = 0
  #call: CallId | null = null
  #disposers: (() => void)[] = []
  #waited = 0
  #before = 0

  constructor(ports: EchoTestPorts) {
    this.#ports = ports
  }

  get state(): EchoTestState {
    return this.#state
  }

  async start(target: EchoTarget, showAddress = false): Promise<void> {
    this.cancel()
    const mine = this.#generation
    this.#show({ kind: 'calling' })
    const reply = await this.#ports.place(target, showAddress)
    if (mine !== this.#generation) {
      if (reply.ok) void this.#hangUp(reply.value)
    } else if (reply.ok) this.#follow(reply.value)
    else if (reply.code === 'address-would-show') this.#show({ kind: 'asking', target })
    else this.#show({ kind: 'failed', why: { kind: 'error', code: reply.code, params: reply.params } })
  }

  /** Ends the test and its call; a result that is there stays. */
  cancel(): void {
    this.#generation += 1
    const { kind } = this.#state
    if (kind !== 'done' && kind !== 'failed') this.#over({ kind: 'cancelled' })
  }

  #show(state: EchoTestState): void {
    this.#state = state
    this.#ports.changed(state)
  }

  #follow(id: CallId): void {
    this.#call = id
    this.#ports.tested(id)
    const late = setTimeout(() => this.#over({ kind: 'no-answer' }), answerMs)
    const look = (calls: readonly CallView[]): void => this.#heard(calls.find((view) => view.id === id))
    this.#disposers = [() => clearTimeout(late), this.#ports.onCalls(look)]
    // It may have failed before main's answer was here.
    look(this.#ports.calls())
  }

  #heard(view: CallView | undefined): void {
    if (view?.phase === 'ended') {
      const byUser = view.end === 'hung-up' || view.end === 'cancelled'
      this.#over(byUser ? { kind: 'cancelled' } : { kind: 'ended', view })
    } else if (view?.phase === 'active' && this.#state.kind === 'calling') this.#measure(view.id)
  }

  #measure(id: CallId): void {
    for (const dispose of this.#disposers.splice(0, 1)) dispose()
    this.#waited = 0
    this.#before = 0
    this.#show({ kind: 'measuring', seconds: [] })
    const timer = setInterval(() => void this.#second(id), 1000)
    this.#disposers.push(this.#ports.watch(id), () => clearInterval(timer))
  }

  async #second(id: CallId): Promise<void> {
    const mine = this.#generation
    const network = await this.#ports.network(id)
    if (mine !== this.#generation || this.#state.kind !== 'measuring') return
    const { seconds } = this.#state
    const received = network?.packetsReceived ?? 0
    const came = received > this.#before
    this.#before = received
    if (!came && seconds.length === 0) {
      this.#waited += 1
      if (this.#waited >= silentSeconds) this.#over({ kind: 'nothing-heard' })
      return
    }
    const second = secondOf(network, this.#ports.newest(id))
    // Where nothing comes there is nothing to count: all of it is lost.
    this.#show({ kind: 'measuring', seconds: [...seconds, came ? second : { ...second, lossPercent: 100 }] })
    if (isEnough(this.#state.seconds)) this.#over({ kind: 'measured' })
  }

  #over(over: Over): void {
    const state = this.#state
    const id = this.#call
    this.#generation += 1
    this.#call = null
    for (const dispose of this.#disposers.splice(0)) dispose()
    if (id !== null) void this.#hangUp(id)
    if (over.kind === 'cancelled') {
      if (state.kind !== 'idle') this.#show({ kind: 'idle' })
    } else if (over.kind === 'measured') {
      const { seconds } = state as Extract<EchoTestState, { kind: 'measuring' }>
      this.#show({ kind: 'done', seconds, result: resultOf(seconds) })
    } else this.#show({ kind: 'failed', why: over })
  }

  /** Nobody needs to be told that a test call is over: it leaves the screen at once. */
  async #hangUp(id: CallId): Promise<void> {
    await this.#ports.finish(id)
    if (this.#call === null) this.#ports.tested(null)
  }
}

function isEnough(seconds: readonly TestSecond[]): boolean {
  const hasRoundTrip = seconds.some(({ networkMs }) => networkMs !== null)
  return seconds.length >= (hasRoundTrip ? testSeconds : longestSeconds)
}
