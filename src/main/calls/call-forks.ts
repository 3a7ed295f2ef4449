/**
 * The early dialogs of our INVITE: an offer that forks has several answers, each with a leg, keys and sound of its own. One of them is
 * the call with its 2xx; of the others nothing is kept (RFC 3261 §13.2.2.4).
 */
import type { LegId } from '#shared/model/calls.ts'
import type { CallSignal } from '#main/accounts/signalling-port-calls.ts'
import type { BranchEvent, MediaAnswer, MediaEvent, MediaOutcome } from '#main/media/media-port.ts'
import type { CallCore } from './call-core.ts'
import type { CallOffers } from './call-offers.ts'
import { wipeSecrets } from './call-trust.ts'
import type { EngineFailure } from './engine-legs.ts'

type Heard<K extends BranchEvent['kind']> = Extract<BranchEvent, { kind: K }>

/** One early dialog, and what it told that counts only once it is the call. */
interface Fork {
  leg: LegId | null
  keys: Heard<'keys'> | null
  retained: Heard<'zrtp-retain'> | null
  lost: Heard<'lost'> | null
}

interface ForkHandlers {
  /** Keys to be shown, of the branch that is heard; null = none yet. */
  readonly onShown: (keys: Heard<'keys'> | null) => void
  /** What the branch that is the call told, then or now. */
  readonly onEvent: (event: MediaEvent) => void
}

/** Early dialogs that are heard, at most; of more only the answer counts. */
const maxForks = 4

export class CallForks {
  readonly #core: CallCore
  readonly #offers: CallOffers
  readonly #handlers: ForkHandlers
  readonly #forks = new Map<string, Fork>()
  /** The leg of our offer belongs to the first branch that is taken. */
  #isOfferTaken = false
  #played: string | null = null
  #winner: string | null = null
  /** To tags of all that answered: each has our offer, and the keys in it. */
  readonly #dialogs = new Set<string>()
  #hasOwnKeys = false

  constructor(core: CallCore, offers: CallOffers, handlers: ForkHandlers) {
    this.#core = core
    this.#offers = offers
    this.#handlers = handlers
  }

  /** Whether one branch is the call: what is shown of it may be compared and kept. */
  get isSettled(): boolean {
    return this.#winner !== null || this.#forks.size === 0
  }

  /** A response of the dialog with that To tag, whatever it says. */
  noted(tag: string | null): void {
    if (tag !== null) this.#dialogs.add(tag)
  }

  /** Keys in a description that others were given, too, are for the first moment only (RFC 4568 §7.3). */
  renewSharedKeys(): void {
    const isShared = this.#dialogs.size > 1 && this.#core.state.keys?.method === 'sdes'
    if (!isShared || this.#hasOwnKeys || !this.#core.isActive) return
    this.#hasOwnKeys = true
    void this.#offers.renegotiate({}, { newKeys: true })
  }

  /** Sound before the answer. What one branch says badly is no reason to give the others up. */
  async hearEarly(tag: string | null, sdp: string): Promise<void> {
    const branch = tag ?? ''
    const isTooMany = !this.#forks.has(branch) && this.#forks.size >= maxForks
    if (this.#winner !== null || isTooMany) return
    const outcome = await this.#take(branch, sdp, true)
    const leg = this.#forks.get(branch)?.leg ?? null
    if (this.#core.isEnded() || outcome?.ok !== true || leg === null) return
    this.#offers.answerEngine(outcome.value, leg)
    if (!this.#core.isActive) this.#playEarly(branch, leg, outcome.value)
  }

  /** The first that has something to be heard is heard. */
  #playEarly(branch: string, leg: LegId, answer: MediaAnswer): void {
    this.#played ??= branch
    if (this.#played !== branch) return
    this.#core.leg = leg
    this.#offers.apply(answer)
    this.#core.context.engine.play(leg)
    this.#core.change({ earlyMedia: true })
  }

  /** The 2xx of a branch: it is the call, whatever was heard before. */
  async answered({
    branch: tag,
    sdp,
  }: Pick<Extract<CallSignal, { kind: 'answered' }>, 'branch' | 'sdp'>): Promise<void> {
    this.noted(tag)
    if (tag === null || this.#winner !== null) {
      await this.#offers.takeAnswer(sdp)
      return
    }
    const outcome = await this.#take(tag, sdp, false)
    if (this.#core.isEnded()) return
    const fork = this.#forks.get(tag)
    if (outcome === null) await this.#core.refused('engine')
    else if (!outcome.ok) await this.#core.refused(outcome.error)
    else if (fork?.leg != null) this.#settle(tag, fork, { leg: fork.leg, answer: outcome.value })
  }

  /** Hands a description to the gateway, with a leg of its own where the offer's is taken; null where there is none to be had. */
  async #take(branch: string, sdp: string, early: boolean): Promise<MediaOutcome<MediaAnswer> | null> {
    const isKnown = this.#forks.has(branch)
    const fork = this.#forkOf(branch)
    const opened = fork.leg === null && this.#isOfferTaken ? await this.#openLeg() : null
    if (this.#core.isEnded()) return null
    fork.leg ??= this.#isOfferTaken ? (opened?.leg ?? null) : this.#core.leg
    if (fork.leg === null) return this.#forget(branch, null)
    const rendererSdp = opened === null ? {} : { rendererSdp: opened.sdp }
    const question = { call: this.#core.id, branch, sdp, early, ...rendererSdp }
    const outcome = await this.#core.context.media.takeAnswer(question)
    if (outcome.ok) this.#isOfferTaken = true
    else if (!isKnown) this.#forget(branch, opened)
    return outcome
  }

  /** Made before the gateway hears of it, which may tell something at once. */
  #forkOf(branch: string): Fork {
    const fork: Fork = this.#forks.get(branch) ?? { leg: null, keys: null, retained: null, lost: null }
    this.#forks.set(branch, fork)
    return fork
  }

  /** What the others wanted to be kept is not. */
  #dropForks(winner: string | null): void {
    for (const [branch, { retained }] of this.#forks) if (branch !== winner) wipeSecrets(retained)
    this.#forks.clear()
  }

  #forget(branch: string, opened: { readonly leg: LegId } | null): null {
    this.#forks.delete(branch)
    if (opened !== null) this.#core.closeLeg(opened.leg)
    return null
  }

  /** The devices are open already: this leg sends what the first one sends. */
  async #openLeg(): Promise<{ readonly leg: LegId; readonly sdp: string } | null> {
    const { engine } = this.#core.context
    const leg = engine.newLeg((reason) => this.#legFailed(leg, reason))
    this.#core.legs.add(leg)
    const opening = engine.openBeside(leg, this.#core.id, this.#core.state.video)
    engine.capture(leg, true, this.#core.state.camera)
    const offer = await opening
    if (offer.ok && !this.#core.isEnded()) return { leg, sdp: offer.value }
    this.#core.closeLeg(leg)
    return null
  }

  #legFailed(leg: LegId, reason: EngineFailure): void {
    if (reason === 'camera-denied') return
    if (leg === this.#core.leg) void this.#core.finish(reason === 'engine' ? 'failed' : 'microphone-denied', 480)
    else this.#core.closeLeg(leg)
  }

  /** The losers' legs go last: the engine keeps the call's certificate as long as it has one. */
  #settle(
    branch: string,
    { keys, retained, lost }: Fork,
    { leg, answer }: { readonly leg: LegId; readonly answer: MediaAnswer },
  ): void {
    this.#winner = branch
    this.#core.leg = leg
    this.#offers.answerEngine(answer, leg)
    this.#offers.apply(answer)
    if (this.#played !== null && this.#played !== branch) this.#core.context.engine.play(leg)
    for (const other of [...this.#core.legs]) if (other !== leg) this.#core.closeLeg(other)
    this.#dropForks(branch)
    if (keys === null) this.#handlers.onShown(null)
    for (const event of [retained, keys, lost])
      if (event !== null) this.#handlers.onEvent({ ...event, call: this.#core.id, branch })
  }

  /** An event of the gateway: of the call at once, of an early dialog once it is the call, of another one never. */
  heard(event: MediaEvent): void {
    const { branch } = event
    if (branch === undefined || branch === this.#winner || isOwed(event)) this.#handlers.onEvent(event)
    else if (this.#winner === null) this.#early(branch, event)
  }

  #early(branch: string, event: MediaEvent): void {
    const fork = this.#forks.get(branch)
    if (fork === undefined) return
    if (event.kind === 'zrtp-retain') fork.retained = event
    else if (event.kind === 'lost') fork.lost = event
    else if (event.kind === 'zrtp-peer') this.#handlers.onEvent(event)
    else if (event.kind === 'keys') {
      fork.keys = event
      // Alone, or heard first: what the user hears is what the keys are of.
      if (this.#played === null || this.#played === branch) this.#handlers.onShown(event)
    }
  }

  /** Another INVITE: whether the leg of the offer is still to be answered. */
  begin(): boolean {
    const isFresh = !this.#isOfferTaken
    this.#dropForks(null)
    this.#dialogs.clear()
    this.#isOfferTaken = false
    this.#played = null
    for (const leg of [...this.#core.legs]) if (!isFresh || leg !== this.#core.leg) this.#core.closeLeg(leg)
    return isFresh
  }
}

/**
 * A device that proved who it is has new secrets from here on, whether it wins or not (RFC 6189 §4.6.1): two calls that it lost would
 * leave nothing in common with what we kept.
 */
function isOwed(event: MediaEvent): boolean {
  return event.kind === 'zrtp-retain' && event.isKnown
}
