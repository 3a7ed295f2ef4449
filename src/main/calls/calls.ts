/** The calls of this profile: who rings, who talks, and what the screen may ask. */
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { SottoError } from '#shared/errors.ts'
import type { CallId, CallNetworkView, CallView, LegId } from '#shared/model/calls.ts'
import type { AccountId, Aor, ConversationId } from '#shared/model/ids.ts'
import type { CallSignal, CallSignallingEvent } from '#main/accounts/signalling-port-calls.ts'
import type { SignallingEvent } from '#main/accounts/signalling-port.ts'
import type { MediaEvent } from '#main/media/media-port.ts'
import { Call } from './call.ts'
import { EngineLegs, type EngineFailure } from './engine-legs.ts'
import type { CallAccount, CallPeer, CallsPorts } from './ports.ts'

/** Ended calls stay on the screen this long unless their end needs words. */
const endedShownMs = 5_000
const quietEnds: ReadonlySet<string | null> = new Set([
  'hung-up',
  'peer-hung-up',
  'cancelled',
  'declined',
  'transferred',
  'replaced',
])
/** Calls that ended and wait to be dismissed; the running ones are bounded by the signalling. */
const maxEndedShown = 4
const loopback = '127.0.0.1'

type Offered = Extract<CallSignal, { kind: 'offered' }>
type TurnedAway = Extract<CallSignal, { kind: 'turned-away' }>

export class Calls {
  readonly #ports: CallsPorts
  readonly #engine: EngineLegs
  readonly #calls = new Map<CallId, Call>()
  readonly #localHosts = new Map<AccountId, string>()
  /** Came in a moment ago, and what was heard of them since. */
  readonly #arriving = new Map<CallId, CallSignal[]>()
  /** Ended, and soon off the screen. */
  readonly #leaving = new Set<CallId>()
  readonly #listeners = new Set<() => void>()
  #revision: number
  #isStopped = false
  /** The list is somebody else's to announce now. */
  #isReleased = false
  readonly #disposers: readonly (() => void)[]

  constructor(ports: CallsPorts) {
    this.#ports = ports
    this.#revision = ports.revision ?? 0
    const { clock, random, screen } = ports
    this.#engine = new EngineLegs({
      clock,
      random,
      command: (command) => screen.command(command),
      showWindow: () => screen.showWindow(),
    })
    this.#disposers = [
      ports.signalling.onEvent((event) => this.#hear(event)),
      ports.media.onEvent((event) => this.#mediaEvent(event)),
    ]
  }

  // --- the screen

  list(): { readonly calls: readonly CallView[]; readonly revision: number } {
    return { calls: this.#views(), revision: this.#revision }
  }

  /** Whether people talk, or are about to. */
  get isBusy(): boolean {
    return [...this.#calls.values()].some((call) => !call.isOver)
  }

  /** Says when calls begin, change or end; returns the disposer. */
  onChange(handler: () => void): () => void {
    this.#listeners.add(handler)
    return () => this.#listeners.delete(handler)
  }

  /** @throws SottoError `not-found`, `recipient-blocked`, `address-would-show`. */
  async place(request: {
    readonly conversationId: ConversationId
    readonly video: boolean
    readonly keys?: 'policy' | 'dtls' | undefined
    readonly showAddress?: boolean | undefined
    readonly referredIn?: CallId | undefined
  }): Promise<CallId> {
    const peer = await this.#ports.peers.byConversation(request.conversationId)
    const account = peer === null ? null : this.#ports.accounts.byId(peer.accountId)
    if (peer === null || account === null) throw new SottoError('not-found')
    if (peer.policy === 'blocked') throw new SottoError('recipient-blocked')
    const asking = this.#asking(request.referredIn, peer)
    this.#forgetEnded(peer.conversationId)
    const call = this.#newCall({ peer, account, direction: 'outgoing', video: request.video })
    try {
      const wishes = { choseDtls: request.keys === 'dtls', showAddress: request.showAddress === true }
      await call.place({ ...wishes, asking })
    } catch (error) {
      this.#calls.delete(call.id)
      this.#announce()
      throw error
    }
    asking?.transfers.taken()
    this.#holdOthers(call.id)
    return call.id
  }

  async accept(request: {
    readonly callId: CallId
    readonly video: boolean
    readonly showAddress?: boolean | undefined
  }): Promise<void> {
    const call = this.#require(request.callId)
    await call.accept({ video: request.video, showAddress: request.showAddress === true })
    this.#holdOthers(call.id, call.replacing)
  }

  decline({ callId, busy }: { readonly callId: CallId; readonly busy?: boolean | undefined }): Promise<void> {
    return this.#require(callId).decline(busy === true)
  }

  end({ callId }: { readonly callId: CallId }): Promise<void> {
    return this.#require(callId).end()
  }

  setHeld({ callId, held }: { readonly callId: CallId; readonly held: boolean }): Promise<void> {
    return this.#require(callId).setHeld(held)
  }

  setMuted({ callId, muted }: { readonly callId: CallId; readonly muted: boolean }): void {
    this.#require(callId).setMuted(muted)
  }

  setCamera({ callId, on }: { readonly callId: CallId; readonly on: boolean }): Promise<void> {
    return this.#require(callId).setCamera(on)
  }

  sendDigit({ callId, digit }: { readonly callId: CallId; readonly digit: string }): Promise<void> {
    return this.#require(callId).sendDigit(digit)
  }

  transfer({ callId, to }: { readonly callId: CallId; readonly to: Aor }): Promise<void> {
    return this.#require(callId).transfers.ask(to)
  }

  /** @throws SottoError `not-found` unless both are up in one account. */
  connect({ callId, withCall }: { readonly callId: CallId; readonly withCall: CallId }): Promise<void> {
    return this.#require(callId).transfers.connect(this.#require(withCall).transfers)
  }

  declineReferral({ callId }: { readonly callId: CallId }): Promise<void> {
    return this.#require(callId).transfers.decline()
  }

  compared(request: { readonly callId: CallId; readonly equal: boolean; readonly deviceName: string }): Promise<void> {
    return this.#require(request.callId).compared(request.equal, request.deviceName)
  }

  dismiss({ callId }: { readonly callId: CallId }): void {
    if (this.#calls.get(callId)?.isOver === true) this.#forget(callId)
  }

  network({ callId }: { readonly callId: CallId }): Promise<CallNetworkView | null> {
    return this.#ports.media.network(callId)
  }

  // --- the media engine

  mediaOffer({ legId, sdp }: { readonly legId: LegId; readonly sdp: string }): void {
    this.#engine.offered(legId, sdp)
  }

  mediaFailed({ legId, reason }: { readonly legId: LegId; readonly reason: EngineFailure }): void {
    this.#engine.failed(legId, reason)
  }

  mediaReady(): void {
    this.#engine.ready()
  }

  /** Lets go of what rings, unanswered, for whoever comes next; returns the last revision. */
  release(): number {
    for (const call of [...this.#calls.values()].filter(({ isRinging }) => isRinging)) {
      this.#ports.ring.stop(call.id)
      this.#calls.delete(call.id)
    }
    this.#isReleased = true
    return this.#revision
  }

  /** Ends every call; nothing rings any more. */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (const dispose of this.#disposers) dispose()
    await Promise.all([...this.#calls.values()].map((call) => call.leave()))
  }

  // --- inside

  #hear(event: SignallingEvent): void {
    if (event.kind === 'local-address') this.#localHosts.set(event.accountId, event.host)
    if (event.kind !== 'call') return
    if (event.signal.kind === 'offered') void this.#offered(event, event.signal)
    else if (event.signal.kind === 'turned-away') void this.#turnedAway(event, event.signal)
    else if (this.#arriving.has(event.call)) this.#arriving.get(event.call)?.push(event.signal)
    else this.#calls.get(event.call)?.signal(event.signal)
  }

  async #offered(event: CallSignallingEvent, signal: Offered): Promise<void> {
    const heard: CallSignal[] = []
    this.#arriving.set(event.call, heard)
    try {
      await this.#ring(event, signal, heard)
    } catch (error) {
      this.#complain('calls.ring-failed', error)
      await this.#refuse(event.call, 480)
    } finally {
      this.#arriving.delete(event.call)
      for (const later of heard) this.#calls.get(event.call)?.signal(later)
    }
  }

  async #ring(
    { accountId, call: id }: CallSignallingEvent,
    signal: Offered,
    heard: readonly CallSignal[],
  ): Promise<void> {
    const account = this.#ports.accounts.byId(accountId)
    const view = account === null ? null : await this.#ports.media.inspect(signal.sdp)
    if (account === null || view === null) return this.#refuse(id, 488)
    const peer = await this.#ports.peers.byAor(accountId, signal.from, signal.fromName)
    // A blocked caller hears what everybody hears whom nobody answers.
    if (peer.policy === 'blocked' || this.#isStopped) return this.#refuse(id, 480)
    const replaced = this.#replacedBy(signal)
    if (replaced === undefined) return this.#refuse(id, 486)
    this.#forgetEnded(peer.conversationId)
    const call = this.#newCall({ id, peer, account, direction: 'incoming', video: view.video })
    call.rings(signal.sdp, signal.sipCallId, replaced)
    // The caller may have given up while we looked.
    if (heard.some(({ kind }) => kind === 'failed' || kind === 'ended')) return
    this.#ports.ring.ring({ callId: id, name: peer.name, video: view.video, silent: peer.muted })
  }

  /** The call whose place is wanted, null = none; undefined where it has no keys: nobody could tell what may follow them. */
  #replacedBy({ replaces }: Offered): Call | null | undefined {
    if (replaces === null) return null
    const replaced = this.#calls.get(replaces)
    return replaced === undefined || replaced.keys === null ? undefined : replaced
  }

  /** The call whose other side wants this one. */
  #asking(id: CallId | undefined, peer: CallPeer): Call | null {
    if (id === undefined) return null
    const call = this.#require(id)
    if (!call.transfers.wants(peer)) throw new SottoError('not-found')
    return call
  }

  /** Nobody was asked about it: the user learns of it as of any other missed call. */
  async #turnedAway({ accountId }: CallSignallingEvent, signal: TurnedAway): Promise<void> {
    try {
      const peer = await this.#ports.peers.byAor(accountId, signal.from, signal.fromName)
      if (peer.policy === 'blocked') return
      this.#ports.ring.missed(peer)
      const record = { outcome: 'missed', video: false, durationMs: 0, readers: 'securing' } as const
      const startedAt = this.#ports.clock.now()
      await this.#ports.records.add({ sipCallId: signal.sipCallId, peer, direction: 'incoming', startedAt, record })
    } catch (error) {
      this.#complain('calls.record-failed', error)
    }
  }

  #complain(event: string, error: unknown): void {
    this.#ports.log.warn(event, { error: error instanceof Error ? error.name : typeof error })
  }

  async #refuse(call: CallId, status: number): Promise<void> {
    try {
      await this.#ports.signalling.call({ kind: 'end', call, status })
    } catch (error) {
      this.#complain('calls.refuse-failed', error)
    }
  }

  #mediaEvent(event: MediaEvent): void {
    this.#calls.get(event.call)?.media(event)
  }

  #newCall(options: {
    readonly id?: CallId
    readonly peer: CallPeer
    readonly account: CallAccount
    readonly direction: 'incoming' | 'outgoing'
    readonly video: boolean
  }): Call {
    const { peer, account, direction, video } = options
    const id = options.id ?? (toBase64Url(this.#ports.random.bytes(16)) as CallId)
    const facts = { id, peer, direction, startedAt: this.#ports.clock.now() }
    const call = new Call(facts, video, {
      ...this.#ports,
      engine: this.#engine,
      account,
      localHost: () => this.#localHosts.get(account.id) ?? loopback,
      onChange: () => this.#changed(id),
      endByTransfer: () => this.#endByTransfer(id),
    })
    this.#calls.set(id, call)
    this.#announce()
    return call
  }

  #changed(id: CallId): void {
    const call = this.#calls.get(id)
    if (call?.isOver === true && quietEnds.has(call.view.end)) this.#forgetLater(id)
    this.#forgetOldest()
    this.#announce()
  }

  #forgetLater(id: CallId): void {
    if (this.#leaving.has(id)) return
    this.#leaving.add(id)
    this.#ports.clock.after(endedShownMs, () => this.#forget(id))
  }

  /** However many calls come and are missed: only the last ones stay on the screen. */
  #forgetOldest(): void {
    const ended = [...this.#calls.values()].filter((call) => call.isOver)
    for (const { id } of ended.slice(0, Math.max(0, ended.length - maxEndedShown))) this.#calls.delete(id)
  }

  #endByTransfer(id: CallId): 'transferred' | 'replaced' | null {
    const others = [...this.#calls.values()]
    if (others.some((call) => call.replacing === id || (call.isActive && call.referredIn === id))) return 'replaced'
    return others.some((call) => call.transfers.gives(id)) ? 'transferred' : null
  }

  /** One conversation at a time: who is talked to first waits, but for who is `replaced`. Nobody waits for that to be agreed. */
  #holdOthers(id: CallId, replaced: CallId | null = null): void {
    const others = [...this.#calls.values()].filter((call) => call.id !== id && call.id !== replaced && call.isActive)
    for (const call of others) void call.setHeld(true)
  }

  /** Who calls again, or is called again, needs no word on the call before: the history has it. */
  #forgetEnded(conversation: ConversationId): void {
    for (const call of this.#calls.values())
      if (call.isOver && call.facts.peer.conversationId === conversation) this.#calls.delete(call.id)
  }

  #forget(id: CallId): void {
    this.#leaving.delete(id)
    if (this.#calls.delete(id)) this.#announce()
  }

  /** Newest first. */
  #views(): readonly CallView[] {
    return [...this.#calls.values()].map((call) => call.view).toReversed()
  }

  #announce(): void {
    if (this.#isReleased) return
    this.#revision += 1
    this.#ports.screen.changed(this.#views(), this.#revision)
    for (const listener of [...this.#listeners]) listener()
  }

  #require(id: CallId): Call {
    const call = this.#calls.get(id)
    if (call === undefined) throw new SottoError('not-found')
    return call
  }
}
