/** Descriptions within a call: its later offers, ours, and the answers to them. */
import type { LegId } from '#shared/model/calls.ts'
import type { CallSignal } from '#main/accounts/signalling-port-calls.ts'
import type { MediaAnswer, MediaOutcome } from '#main/media/media-port.ts'
import type { CallCore } from './call-core.ts'
import { statusOfRefusal } from './call-end.ts'
import type { CallState } from './call-state.ts'
import { Turns } from '#shared/turns.ts'

/** One kind of what the signalling tells. */
export type Signal<K extends CallSignal['kind']> = Extract<CallSignal, { kind: K }>

/** What brings a description of its own turn. */
export type Described = Signal<'answered'> | Signal<'reoffered'>

export function isDescribed(signal: CallSignal): signal is Described {
  return signal.kind === 'answered' || signal.kind === 'reoffered'
}

interface How {
  /** The renderer offers anew, too. */
  readonly withEngine?: boolean
  readonly restart?: boolean
  /** With other keys in the description than the ones in use. */
  readonly newKeys?: boolean
}

/** Offers that crossed one of the other side; each waits longer than it takes to answer one. */
const maxGlares = 3
/** Within this much the path is given up anyway (RFC 7675). */
const maxRestarts = 60
const restartPauseMs = 500

export class CallOffers {
  readonly #core: CallCore
  /** Later offers of ours: one waits for the answer to the one before, and lets offers of the other side pass. */
  readonly #offers = new Turns()

  /** Both sides agreed on pictures, whatever is being asked for. */
  #agreedVideo = false
  /** An offer of the engine's is on its way to the other side. */
  #engineWaits = false
  #restart: 'none' | 'asked' | 'again' = 'none'

  constructor(core: CallCore) {
    this.#core = core
  }

  /** The answer of the one dialog there is. */
  async takeAnswer(sdp: string): Promise<void> {
    const outcome = await this.#core.context.media.takeAnswer({ call: this.#core.id, branch: null, sdp })
    if (this.#core.isEnded()) return
    if (!outcome.ok) return this.#core.refused(outcome.error)
    this.answerEngine(outcome.value)
    this.apply(outcome.value)
  }

  /** What the engine is told on a leg, where it waits for something. */
  answerEngine({ rendererSdp }: Pick<MediaAnswer, 'rendererSdp'>, leg: LegId = this.#core.requireLeg()): void {
    if (rendererSdp === null) return
    this.#engineWaits = false
    this.#core.context.engine.answer(leg, rendererSdp)
  }

  /** What the screen shows of an answer. */
  apply({ video, heldByPeer }: MediaAnswer): void {
    this.#agreedVideo = video
    this.#core.change({ video, heldByPeer })
    if (!video) this.#stopCamera()
  }

  /** Nobody sees it: its light goes out. */
  #stopCamera(): void {
    if (!this.#core.state.camera) return
    this.#core.context.engine.capture(this.#core.requireLeg(), true, false)
    this.#core.change({ camera: false })
  }

  async reoffered({ offer, sdp }: Signal<'reoffered'>): Promise<void> {
    const { media, signalling } = this.#core.context
    const call = this.#core.id
    // Before the call is up there is nothing to change (RFC 3311 §5.2).
    if (!this.#core.isActive) {
      await signalling.call({ kind: 'refuse', call, offer, status: 491 })
      return
    }
    const [leg, plan] = [this.#core.requireLeg(), this.#core.requirePlan()]
    const rendererSdp = await this.#pictureOffer(sdp)
    if (this.#core.isEnded()) return
    const outcome =
      sdp === null
        ? await media.reoffer({ call, ...this.#wishes(), restart: false, rendererSdp: null })
        : await media.answer({ call, leg, rendererSdp, sdp, plan })
    if (this.#core.isEnded()) return
    if (!outcome.ok) {
      if (rendererSdp !== null) await this.#takeBack({ ...this.#wishes(), video: this.#agreedVideo })
      await signalling.call({ kind: 'refuse', call, offer, status: statusOfRefusal(outcome.error) })
      return
    }
    if ('rendererSdp' in outcome.value) {
      this.answerEngine(outcome.value)
      this.apply(outcome.value)
    }
    await signalling.call({ kind: 'answer', call, offer, sdp: outcome.value.networkSdp ?? '' })
  }

  /**
   * The engine's offer where theirs brings pictures into a call of sound: they are shown at once, and our camera stays off. Null where
   * nothing changes for the engine, or where it knows of pictures already.
   */
  async #pictureOffer(sdp: string | null): Promise<string | null> {
    const { media, engine } = this.#core.context
    if (sdp === null || this.#agreedVideo || this.#engineWaits) return null
    const wanted = await media.inspect(sdp)
    if (wanted?.video !== true || this.#core.isEnded()) return null
    const offer = await engine.renegotiate(this.#core.requireLeg(), true)
    return offer.ok ? offer.value : null
  }

  /** Offers anew with `wish`; when the other side refuses, everything stays as it was. */
  async renegotiate(wish: Partial<CallState>, how: How = {}): Promise<void> {
    if (!this.#core.isActive) return
    const { heldByUs, camera } = this.#core.state
    this.#core.change(wish)
    await this.#core.guarded(this.#offers, async () => {
      const outcome = await this.#ask(how)
      if (this.#core.isEnded()) return
      if ('answer' in outcome) await this.#core.run(() => this.takeAnswer(outcome.answer))
      else await this.#core.run(() => this.#restore({ heldByUs, camera }))
    })
  }

  /** An ICE restart; as long as the other side cannot be asked, again: the signalling, too, has to find its way first. */
  async restart(): Promise<void> {
    if (this.#restart !== 'none') {
      this.#restart = 'again'
      return
    }
    for (let tries = 0; tries < maxRestarts && this.#core.isActive; tries += 1) {
      this.#restart = 'asked'
      const isHeard = await this.#askToRestart(tries + 1 === maxRestarts)
      // What changed meanwhile is no repetition.
      if (isHeard && this.#isRestartOver()) break
      if (isHeard) tries = 0
      else await new Promise<void>((later) => this.#core.context.clock.after(restartPauseMs, later))
    }
    this.#restart = 'none'
  }

  /** Asked anew after every wait. */
  #isRestartOver(): boolean {
    return this.#restart === 'asked'
  }

  async #askToRestart(isLast: boolean): Promise<boolean> {
    let isHeard = true
    const { heldByUs, camera } = this.#core.state
    await this.#core.guarded(this.#offers, async () => {
      const outcome = await this.#ask({ restart: true })
      if (this.#core.isEnded()) return
      if ('answer' in outcome) {
        await this.#core.run(() => this.takeAnswer(outcome.answer))
        return
      }
      isHeard = outcome.status !== null && outcome.status < 500
      if (isHeard || isLast) await this.#core.run(() => this.#restore({ heldByUs, camera }))
    })
    return isHeard
  }

  /** Asks the other side; when both asked at once (491), again with what counts by then. */
  async #ask(how: How): Promise<{ readonly answer: string } | { readonly status: number | null }> {
    for (let tries = 1; ; tries += 1) {
      const sdp = await this.#newOffer(how)
      if (sdp === null || this.#core.isEnded()) return { status: null }
      const reply = await this.#core.context.signalling.call({ kind: 'offer', call: this.#core.id, sdp })
      if (reply.ok && reply.value !== null) return { answer: reply.value }
      const status = reply.ok ? null : reply.error.status
      if (status !== 491 || tries === maxGlares || this.#core.isEnded()) return { status }
      await this.#core.run(() => this.#takeBack({ held: this.#core.state.heldByUs, video: this.#agreedVideo }))
    }
  }

  async #newOffer({ withEngine = false, restart = false, newKeys = false }: How): Promise<string | null> {
    const { media, engine } = this.#core.context
    const offer = withEngine ? await engine.renegotiate(this.#core.requireLeg(), this.#core.state.video) : null
    if (offer?.ok === false || this.#core.isEnded()) return null
    const rendererSdp = offer?.value ?? null
    if (rendererSdp !== null) this.#engineWaits = true
    let made: MediaOutcome<{ readonly networkSdp: string }> | null = null
    await this.#core.run(async () => {
      const how = { ...this.#wishes(), restart, rendererSdp, ...(newKeys && { newKeys }) }
      made = await media.reoffer({ call: this.#core.id, ...how })
    })
    return sdpOf(made)
  }

  /** The gateway, too, goes on with what was agreed before. */
  async #restore(before: Pick<CallState, 'heldByUs' | 'camera'>): Promise<void> {
    const { context, state } = this.#core
    const camera = before.camera && this.#agreedVideo
    if (state.camera !== camera) context.engine.capture(this.#core.requireLeg(), true, camera)
    this.#core.change({ heldByUs: before.heldByUs, camera, video: this.#agreedVideo })
    await this.#takeBack(this.#wishes())
  }

  async #takeBack(wishes: { readonly held: boolean; readonly video: boolean }): Promise<void> {
    const answer = await this.#core.context.media.takeBack({ call: this.#core.id, ...wishes })
    if (!this.#core.isEnded()) this.answerEngine(answer)
  }

  #wishes(): { readonly held: boolean; readonly video: boolean } {
    return { held: this.#core.state.heldByUs, video: this.#core.state.video }
  }
}

function sdpOf(made: MediaOutcome<{ readonly networkSdp: string }> | null): string | null {
  return made?.ok === true ? made.value.networkSdp : null
}
