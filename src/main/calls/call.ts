/** One call: what the user, the signalling, the gateway and the media engine do, brought together. */
import { SottoError } from '#shared/errors.ts'
import type { CallEnd, CallId, CallView, LegId } from '#shared/model/calls.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { CallSignal } from '#main/accounts/signalling-port-calls.ts'
import type { MediaAnswer, MediaEvent, MediaKeys, MediaOutcome, MediaPlan } from '#main/media/media-port.ts'
import {
  descriptionRefused,
  endOfIncoming,
  endOfOutgoing,
  endOfRefusal,
  outcomeOf,
  statusOfRefusal,
} from './call-end.ts'
import { callView, newCallState, readersOf, type CallFacts, type CallState } from './call-state.ts'
import type { EngineFailure, EngineLegs } from './engine-legs.ts'
import { planOf } from './plan.ts'
import type { CallAccount, CallsPorts } from './ports.ts'
import { Turns } from './turns.ts'

export interface CallContext extends CallsPorts {
  readonly engine: EngineLegs
  readonly account: CallAccount
  readonly localHost: () => string
  readonly onChange: () => void
}

type Signal<K extends CallSignal['kind']> = Extract<CallSignal, { kind: K }>

export class Call {
  readonly facts: CallFacts
  readonly #context: CallContext
  readonly #state: CallState
  /** Offers and answers of ours, one after the other. */
  readonly #turns = new Turns()
  #leg: LegId | null = null
  #rendererOffer: string | null = null
  #plan: MediaPlan | null = null
  /** The caller's offer, until the user decides; null also for a late offer. */
  #offer: string | null = null
  #wasRinging = false
  #triedDtls = false

  constructor(facts: CallFacts, video: boolean, context: CallContext) {
    this.facts = facts
    this.#context = context
    this.#state = newCallState(facts.direction, video)
  }

  get id(): CallId {
    return this.facts.id
  }

  get isOver(): boolean {
    return this.#state.phase === 'ended'
  }

  get isRinging(): boolean {
    return this.#state.phase === 'incoming'
  }

  get isActive(): boolean {
    return this.#state.phase === 'active'
  }

  get view(): CallView {
    return callView(this.facts, this.#state)
  }

  // --- the user

  /** Calls. @throws SottoError `address-would-show` before anything is sent. */
  async place(wishes: { readonly choseDtls: boolean; readonly showAddress: boolean }): Promise<void> {
    const plan = await this.#newPlan(wishes)
    void this.#run(async () => {
      const offer = await this.#openLeg()
      if (offer !== null) await this.#sendInvite(plan, offer)
    })
  }

  /** The caller's offer, for {@link accept}. */
  rings(offer: string | null): void {
    this.#offer = offer
  }

  /** @throws SottoError `address-would-show` before anything is sent. */
  async accept(wishes: { readonly video: boolean; readonly showAddress: boolean }): Promise<void> {
    if (this.#state.phase !== 'incoming') throw new SottoError('not-found')
    const video = wishes.video && this.#state.video
    const plan = await this.#newPlan({ choseDtls: false, showAddress: wishes.showAddress })
    this.#context.ring.stop(this.id)
    this.#change({ phase: 'connecting', video, camera: video })
    void this.#run(async () => {
      const offer = await this.#openLeg()
      if (offer !== null) await this.#answerInvite(plan, offer)
    })
  }

  /** Refuses what rings: 603, or 486 when `busy`. */
  async decline(busy: boolean): Promise<void> {
    if (this.#state.phase === 'incoming') await this.#finish('declined', busy ? 486 : 603)
  }

  async end(): Promise<void> {
    if (this.#state.phase === 'incoming') await this.decline(false)
    else await this.#finish(this.#state.connectedAt === null ? 'cancelled' : 'hung-up')
  }

  setHeld(held: boolean): Promise<void> {
    return this.#renegotiate({ heldByUs: held }, false)
  }

  setMuted(muted: boolean): void {
    this.#change({ muted })
  }

  /** The camera on or off; pictures are agreed on the first time. */
  async setCamera(on: boolean): Promise<void> {
    const needsOffer = on && !this.#state.video
    if (this.#leg !== null && !this.isOver) this.#context.engine.capture(this.#leg, true, on)
    if (needsOffer) await this.#renegotiate({ video: true, camera: true }, true)
    else this.#change({ camera: on })
  }

  async sendDigit(digit: string): Promise<void> {
    await this.#context.media.sendDigit(this.id, digit)
  }

  async transfer(to: Aor): Promise<void> {
    if (!this.isActive) throw new SottoError('not-found')
    this.#change({ transfer: { to, state: 'asked' } })
    await this.#context.signalling.call({ kind: 'transfer', call: this.id, to })
  }

  /** The user compared the short authentication strings. */
  async compared(equal: boolean, deviceName: string): Promise<void> {
    const { keys } = this.#state
    if (keys?.peerZid == null) throw new SottoError('not-found')
    const { trust, account, media } = this.#context
    await media.compared(this.id, equal)
    await trust.setVerified(account.aor, this.facts.peer.aor, {
      peerZid: keys.peerZid,
      verified: equal,
      name: deviceName,
    })
    if (equal)
      this.#change({
        comparison: 'verified',
        peerDeviceName: deviceName,
        warnings: [],
        keys: { ...keys, warnings: [] },
      })
    else this.#change({ comparison: 'compare', warnings: ['letters-differ'] })
  }

  // --- the signalling

  signal(signal: CallSignal): void {
    if (this.isOver) return
    switch (signal.kind) {
      case 'offered':
      case 'picture-wanted':
        return
      case 'progress':
        this.#progressed(signal)
        return
      case 'answered':
        void this.#run(() => this.#takeAnswer(signal))
        return
      case 'established':
        this.#established()
        return
      case 'failed':
        void this.#failed(signal)
        return
      case 'ended':
        void this.#finish('peer-hung-up')
        return
      case 'reoffered':
        void this.#run(() => this.#reoffered(signal))
        return
      case 'tone':
        return
      case 'transfer':
        this.#transferred(signal.status)
    }
  }

  // --- the gateway

  media(event: MediaEvent): void {
    if (this.isOver) return
    switch (event.kind) {
      case 'zrtp-peer':
        void this.#provideSecrets(event.peerZid)
        return
      case 'zrtp-retain':
        void this.#context.trust.keep(this.#context.account.aor, this.facts.peer.aor, event)
        return
      case 'keys':
        this.#agreed(event.keys)
        return
      case 'lost':
        void this.#finish(
          lostEnds[event.why],
          this.#state.connectedAt === null && this.facts.direction === 'incoming' ? 488 : undefined,
        )
        return
      case 'restart-needed':
        void this.#renegotiate({}, false, true)
        return
      case 'heard':
      case 'digit':
        return
    }
  }

  // --- inside

  async #newPlan(wishes: { readonly choseDtls: boolean; readonly showAddress: boolean }): Promise<MediaPlan> {
    const { account, trust, localHost } = this.#context
    const { video } = this.#state
    const plan = await planOf(account, this.facts.peer, trust, { ...wishes, video, localHost: localHost() })
    this.#plan = plan
    this.#triedDtls = plan.offer === 'dtls'
    this.#change({ addressHidden: plan.hideAddress })
    return plan
  }

  /** Opens the engine's leg and begins to capture: the user wants this call. */
  async #openLeg(): Promise<string | null> {
    const { engine } = this.#context
    const leg = engine.newLeg((reason) => void this.#engineFailed(reason))
    this.#leg = leg
    const opening = engine.open(leg, this.id, this.#state.video)
    engine.capture(leg, true, this.#state.camera)
    const offer = await opening
    if (this.isOver) return null
    if (!offer.ok) {
      await this.#engineFailed(offer.error)
      return null
    }
    this.#rendererOffer = offer.value
    return offer.value
  }

  async #engineFailed(reason: EngineFailure): Promise<void> {
    if (reason === 'camera-denied') this.#change({ camera: false })
    else await this.#finish(reason === 'engine' ? 'failed' : 'microphone-denied', 480)
  }

  async #sendInvite(plan: MediaPlan, rendererSdp: string): Promise<void> {
    const { media, signalling } = this.#context
    const made = await media.offer({ call: this.id, leg: this.#requireLeg(), rendererSdp, plan })
    if (this.isOver) return
    if (!made.ok) return this.#finish(endOfRefusal(made.error))
    const { accountId, aor: to } = this.facts.peer
    this.#change({ phase: 'calling' })
    const reply = await signalling.call({ kind: 'place', accountId, call: this.id, to, sdp: made.value.networkSdp })
    if (!reply.ok && !this.isOver) await this.#finish('server-unreachable')
  }

  async #answerInvite(plan: MediaPlan, rendererSdp: string): Promise<void> {
    const { media, signalling } = this.#context
    const [call, leg, sdp] = [this.id, this.#requireLeg(), this.#offer]
    const made: MediaOutcome<{ readonly networkSdp: string | null }> =
      sdp === null
        ? await media.offer({ call, leg, rendererSdp, plan })
        : await media.answer({ call, leg, rendererSdp, sdp, plan })
    if (this.isOver) return
    if (!made.ok) return this.#finish(endOfRefusal(made.error), statusOfRefusal(made.error))
    if ('rendererSdp' in made.value) this.#apply(made.value as MediaAnswer)
    await signalling.call({ kind: 'accept', call, sdp: made.value.networkSdp ?? '' })
  }

  #progressed({ status, branch, sdp }: Signal<'progress'>): void {
    if (status === 180 || status === 183) {
      this.#wasRinging = true
      if (this.#state.phase === 'calling') this.#change({ phase: 'ringing' })
    }
    if (sdp === null) return
    this.#change({ earlyMedia: true })
    void this.#run(() => this.#takeAnswer({ kind: 'answered', branch, sdp }))
  }

  async #takeAnswer({ branch, sdp }: Signal<'answered'>): Promise<void> {
    const outcome = await this.#context.media.takeAnswer({ call: this.id, branch: branch ?? '', sdp })
    if (this.isOver) return
    if (outcome.ok) this.#apply(outcome.value)
    else await this.#finish(endOfRefusal(outcome.error))
  }

  #apply({ rendererSdp, video, heldByPeer }: MediaAnswer): void {
    if (rendererSdp !== null) this.#context.engine.answer(this.#requireLeg(), rendererSdp)
    this.#change({ video, heldByPeer })
  }

  #established(): void {
    if (this.#state.phase === 'active') return
    this.#context.engine.play(this.#requireLeg())
    this.#change({ phase: 'active', connectedAt: this.#context.clock.now(), earlyMedia: false })
  }

  async #failed({ status, elsewhere }: Signal<'failed'>): Promise<void> {
    if (this.facts.direction === 'incoming') return this.#finish(endOfIncoming(elsewhere))
    if (status !== null && descriptionRefused.has(status) && (await this.#tryDtls())) return
    const end = endOfOutgoing(status, this.#wasRinging)
    const mayRetryWithDtls = end === 'peer-refuses-encryption' && !this.#triedDtls
    this.#change({ mayRetryWithDtls })
    await this.#finish(end)
  }

  /** One more INVITE, with DTLS-SRTP, where the policy has nothing against it; a compared contact is asked about first. */
  async #tryDtls(): Promise<boolean> {
    const [plan, offer] = [this.#plan, this.#rendererOffer]
    if (plan === null || offer === null || this.#triedDtls || plan.verified || plan.policy === 'zrtp-required')
      return false
    this.#triedDtls = true
    await this.#context.media.close(this.id)
    if (this.isOver) return true
    await this.#sendInvite({ ...plan, offer: 'dtls' }, offer)
    return true
  }

  async #reoffered({ offer, sdp }: Signal<'reoffered'>): Promise<void> {
    const { media, signalling } = this.#context
    const call = this.id
    const outcome =
      sdp === null
        ? await media.reoffer({ call, ...this.#wishes(false) })
        : await media.answer({ call, leg: this.#requireLeg(), rendererSdp: null, sdp, plan: this.#requirePlan() })
    if (this.isOver) return
    if (!outcome.ok) {
      await signalling.call({ kind: 'refuse', call, offer, status: statusOfRefusal(outcome.error) })
      return
    }
    if ('rendererSdp' in outcome.value) this.#apply(outcome.value)
    await signalling.call({ kind: 'answer', call, offer, sdp: outcome.value.networkSdp ?? '' })
  }

  /** Offers anew with `wish`; when the other side refuses, everything stays as it was. */
  async #renegotiate(wish: Partial<CallState>, withEngine: boolean, restart = false): Promise<void> {
    if (!this.isActive) return
    const before = { ...this.#state }
    this.#change(wish)
    await this.#run(async () => {
      const { media, signalling, engine } = this.#context
      const offer = withEngine ? await engine.renegotiate(this.#requireLeg(), this.#state.video) : null
      if (offer?.ok === false) return
      const made = await media.reoffer({ call: this.id, ...this.#wishes(restart), rendererSdp: offer?.value ?? null })
      if (!made.ok || this.isOver) return
      const reply = await signalling.call({ kind: 'offer', call: this.id, sdp: made.value.networkSdp })
      if (this.isOver) return
      if (reply.ok && reply.value !== null) await this.#takeAnswer({ kind: 'answered', branch: null, sdp: reply.value })
      else this.#change({ heldByUs: before.heldByUs, video: before.video, camera: before.camera })
    })
  }

  #wishes(restart: boolean): {
    readonly held: boolean
    readonly video: boolean
    readonly restart: boolean
    readonly rendererSdp: null
  } {
    return { held: this.#state.heldByUs, video: this.#state.video, restart, rendererSdp: null }
  }

  #transferred(status: number | null): void {
    const { transfer } = this.#state
    if (transfer === null) return
    if (status !== null && status < 200) this.#change({ transfer: { ...transfer, state: 'trying' } })
    else if (status !== null && status < 300) void this.#finish('transferred')
    else this.#change({ transfer: { ...transfer, state: 'failed' } })
  }

  async #provideSecrets(peerZid: Uint8Array): Promise<void> {
    const { trust, account, media } = this.#context
    const secrets = await trust.secrets(account.aor, this.facts.peer.aor, peerZid)
    if (secrets !== null) this.#change({ peerDeviceName: secrets.name })
    await media.zrtpSecrets(this.id, peerZid, secrets)
  }

  #agreed(keys: MediaKeys): void {
    const { comparison } = this.#state
    const compare = keys.remembered ? 'remembered' : 'compare'
    this.#change({
      keys,
      comparison: keys.method !== 'zrtp' ? 'none' : comparison === 'verified' ? 'verified' : compare,
    })
    if (keys.method !== 'none')
      void this.#context.trust.rememberKeys(this.#context.account.aor, this.facts.peer.aor, keys.method)
  }

  async #finish(end: CallEnd, status?: number): Promise<void> {
    if (this.isOver) return
    const { engine, media, signalling, ring, clock } = this.#context
    this.#change({ phase: 'ended', end, endedAt: clock.now() })
    ring.stop(this.id)
    if (this.#leg !== null) engine.close(this.#leg)
    await signalling.call({ kind: 'end', call: this.id, ...(status === undefined ? {} : { status }) })
    await media.close(this.id)
    await this.#record(end)
  }

  async #record(end: CallEnd): Promise<void> {
    const { connectedAt, endedAt, video, keys, comparison } = this.#state
    const { peer, direction, startedAt, id } = this.facts
    const outcome = outcomeOf(end, direction, connectedAt !== null)
    const durationMs = connectedAt === null || endedAt === null ? 0 : Math.max(0, endedAt - connectedAt)
    const record = { outcome, video, durationMs, readers: readersOf(keys, comparison) }
    await this.#context.records.add({ call: id, peer, direction, startedAt, record })
    if (outcome === 'missed') this.#context.ring.missed(peer)
  }

  #change(change: Partial<CallState>): void {
    Object.assign(this.#state, change)
    this.#context.onChange()
  }

  /** In turn; whatever goes wrong ends the call instead of leaving it hanging. */
  async #run(step: () => Promise<void>): Promise<void> {
    try {
      await this.#turns.run(async () => {
        if (!this.isOver) await step()
      })
    } catch (error) {
      this.#context.log.warn('call.step-failed', { error: error instanceof Error ? error.name : typeof error })
      await this.#finish('failed')
    }
  }

  #requireLeg(): LegId {
    if (this.#leg === null) throw new Error('no leg')
    return this.#leg
  }

  #requirePlan(): MediaPlan {
    if (this.#plan === null) throw new Error('no plan')
    return this.#plan
  }
}

const lostEnds: Readonly<Record<Extract<MediaEvent, { kind: 'lost' }>['why'], CallEnd>> = {
  'no-path': 'no-path',
  'media-lost': 'media-lost',
  'keys-failed': 'keys-failed',
  'refuses-encryption': 'peer-refuses-encryption',
  'attack-noticed': 'attack-noticed',
  engine: 'failed',
}
