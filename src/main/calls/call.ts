/** One call: what the user, the signalling, the gateway and the media engine do, brought together. */
import { SottoError } from '#shared/errors.ts'
import type { CallId, CallView } from '#shared/model/calls.ts'
import type { CallSignal } from '#main/accounts/signalling-port-calls.ts'
import type { MediaAnswer, MediaEvent, MediaKeys, MediaOutcome, MediaPlan } from '#main/media/media-port.ts'
import { CallCore, type CallContext } from './call-core.ts'
import { descriptionRefused, endOfIncoming, endOfLost, endOfOutgoing } from './call-end.ts'
import { CallForks } from './call-forks.ts'
import { CallOffers, isDescribed, type Described, type Signal } from './call-offers.ts'
import { callView, comparisonOf, isCallPhase, type CallFacts } from './call-state.ts'
import { CallTransfers } from './call-transfers.ts'
import { CallTrust } from './call-trust.ts'
import type { EngineFailure } from './engine-legs.ts'
import { lessonOf, nextOffer, planOf } from './plan.ts'

export class Call {
  readonly transfers: CallTransfers
  /** The call whose far end asked for this one. */
  referredIn: CallId | null = null
  readonly #core: CallCore
  readonly #offers: CallOffers
  readonly #forks: CallForks
  readonly #trust: CallTrust
  #rendererOffer: string | null = null
  /** The caller's offer, until the user decides; null also for a late offer. */
  #offer: string | null = null
  #wasRinging = false
  #isTaking = false
  /** Keys that this call must not fall below: those of the call whose place it takes. */
  #floor: MediaKeys['method'] | null = null

  constructor(facts: CallFacts, video: boolean, context: CallContext) {
    this.#core = new CallCore(facts, video, context)
    this.#offers = new CallOffers(this.#core)
    this.#forks = new CallForks(this.#core, this.#offers, {
      onShown: (event) => this.#show(event?.keys ?? null),
      onEvent: (event) => this.#happened(event),
    })
    this.transfers = new CallTransfers(this.#core)
    const { account, trust, media, log } = context
    this.#trust = new CallTrust({ call: facts.id, account: account.aor, peer: facts.peer.aor, trust, media, log })
  }

  get facts(): CallFacts {
    return this.#core.facts
  }

  get id(): CallId {
    return this.#core.id
  }

  get isOver(): boolean {
    return this.#core.isOver
  }

  get isRinging(): boolean {
    return this.#core.state.phase === 'incoming'
  }

  get isActive(): boolean {
    return this.#core.state.phase === 'active'
  }

  /** Whether somebody may ask to take the other side's place: not before it is known what may follow. */
  get keys(): MediaKeys['method'] | null {
    return this.isActive ? (this.#core.state.keys?.method ?? null) : null
  }

  /** The call that this one takes the place of, once the user took it. */
  get replacing(): CallId | null {
    return this.isRinging || this.isOver ? null : this.#core.state.replaces
  }

  get view(): CallView {
    return callView(this.#core.facts, this.#core.state)
  }

  // --- the user

  /** Calls. @throws SottoError `address-would-show` before anything is sent. */
  async place(wishes: {
    readonly choseDtls: boolean
    readonly showAddress: boolean
    /** The call whose other side asked for this one. */
    readonly asking: Call | null
  }): Promise<void> {
    this.referredIn = wishes.asking?.id ?? null
    // Whom we are handed over to gets no less than whoever hands us over.
    this.#floor = wishes.asking?.view.referral?.attended === true ? wishes.asking.keys : null
    const plan = await this.#newPlan({ ...wishes, video: this.#core.state.video })
    void this.#core.run(async () => {
      const offer = await this.#openLeg()
      if (offer !== null) await this.#sendInvite(plan, offer)
    })
  }

  /** The caller's offer, for {@link accept}, and the Call-ID of its INVITE; `replaced`: the call whose place it wants. */
  rings(offer: string | null, sipCallId: string, replaced: Call | null = null): void {
    this.#offer = offer
    this.#core.sipCallId = sipCallId
    if (replaced === null) return
    this.#floor = replaced.keys
    this.#core.change({ replaces: replaced.id })
  }

  /** @throws SottoError `address-would-show` before anything is sent; `not-found` when it does not ring any more. */
  async accept(wishes: { readonly video: boolean; readonly showAddress: boolean }): Promise<void> {
    if (!this.isRinging || this.#isTaking) throw new SottoError('not-found')
    const video = wishes.video && this.#core.state.video
    const plan = await this.#taking(() => this.#newPlan({ video, choseDtls: false, showAddress: wishes.showAddress }))
    if (this.#core.isEnded()) throw new SottoError('not-found')
    this.#core.context.ring.stop(this.#core.id)
    this.#core.change({ phase: 'connecting', video, camera: video })
    void this.#core.run(async () => {
      const offer = await this.#openLeg()
      if (offer !== null) await this.#answerInvite(plan, offer)
    })
  }

  /** Refuses what rings: 603, or 486 when `busy`. */
  async decline(busy: boolean): Promise<void> {
    if (this.isRinging) await this.#core.finish('declined', busy ? 486 : 603)
  }

  async end(): Promise<void> {
    if (this.isRinging) await this.decline(false)
    else await this.#core.finish(this.#core.state.connectedAt === null ? 'cancelled' : 'hung-up')
  }

  /** The program stops: as {@link end}, but what rings goes on ringing elsewhere. */
  async leave(): Promise<void> {
    if (this.isRinging) await this.#core.finish('missed', 480)
    else await this.end()
  }

  async setHeld(held: boolean): Promise<void> {
    if (held !== this.#core.state.heldByUs) await this.#offers.renegotiate({ heldByUs: held })
  }

  setMuted(muted: boolean): void {
    this.#core.change({ muted })
  }

  /** The camera on or off; pictures are agreed on the first time, once the call is up. */
  async setCamera(on: boolean): Promise<void> {
    const needsOffer = on && !this.#core.state.video
    if (this.#core.isOver || this.isRinging || (needsOffer && !this.#core.isActive)) return
    for (const leg of this.#core.legs) this.#core.context.engine.capture(leg, true, on)
    if (needsOffer) await this.#offers.renegotiate({ video: true, camera: true }, { withEngine: true })
    else this.#core.change({ camera: on })
  }

  async sendDigit(digit: string): Promise<void> {
    if (!this.#core.isActive) return
    const { engine, media } = this.#core.context
    // Under DTLS-SRTP only the engine can write packets.
    if (this.#core.state.keys?.method === 'dtls') engine.digit(this.#core.requireLeg(), digit)
    else await media.sendDigit(this.#core.id, digit)
  }

  /** The user compared the short authentication strings. */
  async compared(equal: boolean, deviceName: string): Promise<void> {
    const { keys } = this.#core.state
    // Of an early dialog nothing is kept yet that a verdict could be about.
    if (keys?.peerZid == null || this.#core.isOver || !this.#forks.isSettled) throw new SottoError('not-found')
    await this.#trust.compared(keys.peerZid, equal, deviceName)
    if (equal)
      this.#core.change({
        comparison: 'verified',
        peerDeviceName: deviceName,
        warnings: [],
        keys: { ...keys, warnings: keys.warnings.filter((warning) => warning !== 'secrets-differ') },
      })
    else this.#core.change({ comparison: 'compare', warnings: ['letters-differ'] })
  }

  // --- the signalling

  signal(signal: CallSignal): void {
    if (this.#core.isOver) return
    if (isDescribed(signal)) this.#described(signal)
    else this.#heard(signal)
  }

  #heard(signal: Exclude<CallSignal, Described>): void {
    switch (signal.kind) {
      case 'progress':
        this.#progressed(signal)
        return
      case 'established':
        this.#established()
        return
      case 'failed':
        this.#failed(signal)
        return
      case 'ended':
        void this.#core.left(signal.byUs)
        return
      case 'transfer':
        this.transfers.heard(signal.status)
        return
      case 'referred':
        this.transfers.asked(signal)
        return
      case 'offered':
      case 'turned-away':
      case 'picture-wanted':
      case 'tone':
    }
  }

  #described(signal: Described): void {
    if (signal.kind === 'reoffered') void this.#core.run(() => this.#offers.reoffered(signal))
    // Nobody answers what was not taken: somebody made it up.
    else if (!this.isRinging) void this.#core.run(() => this.#forks.answered(signal))
  }

  // --- the gateway

  media(event: MediaEvent): void {
    if (!this.#core.isOver) this.#forks.heard(event)
  }

  #happened(event: MediaEvent): void {
    switch (event.kind) {
      case 'zrtp-peer':
        void this.#trust.provide(event)
        return
      case 'zrtp-retain':
        void this.#trust.keep(event)
        return
      case 'keys':
        this.#agreed(event.keys)
        return
      case 'lost':
        void this.#core.lost(endOfLost(event.why))
        return
      case 'restart-needed':
        void this.#offers.restart()
        return
      case 'rekey-needed':
        void this.#offers.renegotiate({})
        return
      case 'heard':
      case 'digit':
        return
    }
  }

  // --- inside

  async #newPlan(wishes: {
    readonly video: boolean
    readonly choseDtls: boolean
    readonly showAddress: boolean
  }): Promise<MediaPlan> {
    const { account, trust, localHost } = this.#core.context
    const floor = this.#floor
    const plan = await planOf(account, this.#core.facts.peer, trust, { ...wishes, localHost: localHost(), floor })
    this.#core.plan = plan
    if (!this.#core.isEnded())
      this.#core.change({
        ...{ addressHidden: plan.hideAddress, signallingSecure: plan.signallingSecure },
        contactCompared: plan.verified,
      })
    return plan
  }

  async #taking<T>(step: () => Promise<T>): Promise<T> {
    this.#isTaking = true
    try {
      return await step()
    } finally {
      this.#isTaking = false
    }
  }

  /** Opens the engine's leg and begins to capture: the user wants this call. */
  async #openLeg(): Promise<string | null> {
    const { engine } = this.#core.context
    const leg = engine.newLeg((reason) => void this.#engineFailed(reason))
    this.#core.leg = leg
    this.#core.legs.add(leg)
    const opening = engine.open(leg, this.#core.id, this.#core.state.video)
    engine.capture(leg, true, this.#core.state.camera)
    const offer = await opening
    if (this.#core.isEnded()) return null
    if (!offer.ok) {
      await this.#engineFailed(offer.error)
      return null
    }
    this.#rendererOffer = offer.value
    return offer.value
  }

  async #engineFailed(reason: EngineFailure): Promise<void> {
    if (reason === 'camera-denied') this.#core.change({ camera: false })
    else await this.#core.finish(reason === 'engine' ? 'failed' : 'microphone-denied', 480)
  }

  async #sendInvite(plan: MediaPlan, rendererSdp: string): Promise<void> {
    const { media, signalling } = this.#core.context
    this.#core.offered = [...this.#core.offered, plan.offer]
    const made = await media.offer({ call: this.#core.id, leg: this.#core.requireLeg(), rendererSdp, plan })
    if (this.#core.isEnded()) return media.close(this.#core.id)
    if (!made.ok) return this.#core.refused(made.error)
    const { accountId, aor: to } = this.#core.facts.peer
    this.#core.change({ phase: 'calling' })
    const reply = await signalling.call({
      kind: 'place',
      accountId,
      call: this.#core.id,
      to,
      sdp: made.value.networkSdp,
      ...(this.referredIn === null ? {} : { referredIn: this.referredIn }),
    })
    this.#core.sipCallId = reply.ok ? reply.value : null
    if (!reply.ok) await this.#core.finish('server-unreachable')
  }

  async #answerInvite(plan: MediaPlan, rendererSdp: string): Promise<void> {
    const { media, signalling } = this.#core.context
    const [call, leg, sdp] = [this.#core.id, this.#core.requireLeg(), this.#offer]
    const made: MediaOutcome<{ readonly networkSdp: string | null }> =
      sdp === null
        ? await media.offer({ call, leg, rendererSdp, plan })
        : await media.answer({ call, leg, rendererSdp, sdp, plan })
    if (this.#core.isEnded()) return media.close(call)
    if (!made.ok) return this.#core.refused(made.error)
    if ('rendererSdp' in made.value) {
      this.#offers.answerEngine(made.value as MediaAnswer)
      this.#offers.apply(made.value as MediaAnswer)
    }
    const reply = await signalling.call({ kind: 'accept', call, sdp: made.value.networkSdp ?? '' })
    if (!reply.ok) await this.#core.finish('failed')
  }

  #progressed({ status, branch, sdp }: Signal<'progress'>): void {
    const isOurs = isCallPhase(this.#core.state.phase, 'calling', 'ringing')
    if (!isOurs) return
    this.#forks.noted(branch)
    if (status === 180 || status === 183) {
      this.#wasRinging = true
      this.#core.change({ phase: 'ringing' })
    }
    if (sdp !== null) void this.#core.run(() => this.#forks.hearEarly(branch, sdp))
  }

  #established(): void {
    // An ACK for what was never taken, or a second one, says nothing.
    if (!isCallPhase(this.#core.state.phase, 'calling', 'ringing', 'connecting') || this.#core.leg === null) return
    this.#core.context.engine.play(this.#core.leg)
    this.#core.change({ phase: 'active', connectedAt: this.#core.context.clock.now(), earlyMedia: false })
    this.#forks.renewSharedKeys()
  }

  #failed({ status, elsewhere }: Signal<'failed'>): void {
    if (this.facts.direction === 'incoming') void this.#core.finish(endOfIncoming(elsewhere))
    else void this.#core.run(() => this.#notPlaced(status))
  }

  async #notPlaced(status: number | null): Promise<void> {
    const isRefused = status !== null && descriptionRefused.has(status)
    if (isRefused && (await this.#placeAgain())) return
    if (isRefused) this.#core.change({ mayRetryWithDtls: this.#core.mayChooseDtls() })
    await this.#core.finish(endOfOutgoing(status, this.#wasRinging))
  }

  /** One more INVITE, with other keys that the policy has nothing against; a compared contact is asked about first. */
  async #placeAgain(): Promise<boolean> {
    const { plan } = this.#core
    const keys = plan === null ? null : nextOffer(plan, this.#core.offered)
    if (plan === null || this.#rendererOffer === null || keys === null) return false
    const again: MediaPlan = { ...plan, offer: keys }
    this.#core.plan = again
    await this.#core.context.media.close(this.#core.id)
    if (this.#core.isEnded()) return true
    const offer = this.#forks.begin() ? this.#rendererOffer : await this.#openLeg()
    if (offer !== null && !this.#core.isEnded()) await this.#sendInvite(again, offer)
    return true
  }

  /** The keys of what is heard; null = none yet. */
  #show(keys: MediaKeys | null): void {
    const { state } = this.#core
    if (keys === null) this.#core.change({ keys, comparison: 'none', peerDeviceName: '' })
    else {
      const peerDeviceName = state.comparison === 'verified' ? state.peerDeviceName : this.#trust.nameOf(keys)
      this.#core.change({ keys, comparison: comparisonOf(keys, state), peerDeviceName })
    }
  }

  #agreed(keys: MediaKeys): void {
    this.#show(keys)
    this.#forks.renewSharedKeys()
    const offered = this.facts.direction === 'outgoing' ? this.#core.offered : null
    void this.#trust.learn(lessonOf(keys.method, offered))
  }
}
