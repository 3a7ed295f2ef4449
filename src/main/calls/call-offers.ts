/** Descriptions within a call: answers of the other side, its later offers, and ours. */
import type { CallSignal } from '#main/accounts/signalling-port-calls.ts'
import type { MediaAnswer, MediaOutcome } from '#main/media/media-port.ts'
import type { CallCore } from './call-core.ts'
import { statusOfRefusal } from './call-end.ts'
import type { CallState } from './call-state.ts'
import { Turns } from '#shared/turns.ts'

type Signal<K extends CallSignal['kind']> = Extract<CallSignal, { kind: K }>

export class CallOffers {
  readonly #core: CallCore
  /** Later offers of ours: one waits for the answer to the one before, and lets offers of the other side pass. */
  readonly #offers = new Turns()

  constructor(core: CallCore) {
    this.#core = core
  }

  /** Sound before the answer. What one branch of a fork says badly is no reason to give the others up. */
  async hearEarly(branch: string | null, sdp: string): Promise<void> {
    const { media, engine } = this.#core.context
    const outcome = await media.takeAnswer({ call: this.#core.id, branch: branch ?? '', sdp })
    if (this.#core.isEnded() || !outcome.ok) return
    this.apply(outcome.value)
    if (this.#core.isActive) return
    engine.play(this.#core.requireLeg())
    this.#core.change({ earlyMedia: true })
  }

  async takeAnswer({ branch, sdp }: Pick<Signal<'answered'>, 'branch' | 'sdp'>): Promise<void> {
    const outcome = await this.#core.context.media.takeAnswer({ call: this.#core.id, branch: branch ?? '', sdp })
    if (this.#core.isEnded()) return
    if (outcome.ok) this.apply(outcome.value)
    else await this.#core.refused(outcome.error)
  }

  apply({ rendererSdp, video, heldByPeer }: MediaAnswer): void {
    if (rendererSdp !== null) this.#core.context.engine.answer(this.#core.requireLeg(), rendererSdp)
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
    const outcome =
      sdp === null
        ? await media.reoffer({ call, ...this.#wishes(), restart: false, rendererSdp: null })
        : await media.answer({
            call,
            leg: this.#core.requireLeg(),
            rendererSdp: null,
            sdp,
            plan: this.#core.requirePlan(),
          })
    if (this.#core.isEnded()) return
    if (!outcome.ok) {
      await signalling.call({ kind: 'refuse', call, offer, status: statusOfRefusal(outcome.error) })
      return
    }
    if ('rendererSdp' in outcome.value) this.apply(outcome.value)
    await signalling.call({ kind: 'answer', call, offer, sdp: outcome.value.networkSdp ?? '' })
  }

  /** Offers anew with `wish`; when the other side refuses, everything stays as it was. */
  async renegotiate(
    wish: Partial<CallState>,
    how: { readonly withEngine?: boolean; readonly restart?: boolean } = {},
  ): Promise<void> {
    if (!this.#core.isActive) return
    const { heldByUs, video, camera } = this.#core.state
    this.#core.change(wish)
    await this.#core.guarded(this.#offers, async () => {
      const sdp = await this.#newOffer(how)
      if (this.#core.isEnded()) return
      const reply =
        sdp === null ? null : await this.#core.context.signalling.call({ kind: 'offer', call: this.#core.id, sdp })
      if (this.#core.isEnded()) return
      const answer = reply?.ok === true ? reply.value : null
      if (answer === null) await this.#core.run(() => this.#restore({ heldByUs, video, camera }))
      else await this.#core.run(() => this.takeAnswer({ branch: null, sdp: answer }))
    })
  }

  async #newOffer({ withEngine = false, restart = false }): Promise<string | null> {
    const { media, engine } = this.#core.context
    const offer = withEngine ? await engine.renegotiate(this.#core.requireLeg(), this.#core.state.video) : null
    if (offer?.ok === false || this.#core.isEnded()) return null
    const rendererSdp = offer?.value ?? null
    let made: MediaOutcome<{ readonly networkSdp: string }> | null = null
    await this.#core.run(async () => {
      made = await media.reoffer({ call: this.#core.id, ...this.#wishes(), restart, rendererSdp })
    })
    return sdpOf(made)
  }

  /** The gateway, too, goes on with what was agreed before. */
  async #restore(before: Pick<CallState, 'heldByUs' | 'video' | 'camera'>): Promise<void> {
    const leg = this.#core.requireLeg()
    if (this.#core.state.camera !== before.camera) this.#core.context.engine.capture(leg, true, before.camera)
    this.#core.change(before)
    const { rendererSdp } = await this.#core.context.media.takeBack({ call: this.#core.id, ...this.#wishes() })
    if (rendererSdp !== null && !this.#core.isEnded()) this.#core.context.engine.answer(leg, rendererSdp)
  }

  #wishes(): { readonly held: boolean; readonly video: boolean } {
    return { held: this.#core.state.heldByUs, video: this.#core.state.video }
  }
}

function sdpOf(made: MediaOutcome<{ readonly networkSdp: string }> | null): string | null {
  return made?.ok === true ? made.value.networkSdp : null
}
