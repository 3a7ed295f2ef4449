/** The media of one call: its plan, its sockets, what we describe of it, and the branch that talks. */
import type { CallId, CallNetworkView } from '#shared/model/calls.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramsPort } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { err, ok } from '#shared/result.ts'
import type { TurnServer } from '#protocol/ice/turn-socket.ts'
import { newOrigin, nextVersion } from '#protocol/sdp/serialize.ts'
import type { SdpOrigin } from '#protocol/sdp/session.ts'
import { offerCodecs } from '../description/codecs.ts'
import { allowsSdes, type KeyRules } from '../description/keying.ts'
import { writeNetworkDescription, type LocalSection, type RefusedSection } from '../description/network-description.ts'
import type { LoopbackCertificate } from '../loopback/dtls-client.ts'
import type { MediaAnswer, MediaEvent, MediaOutcome, MediaPlan, MediaRefusal, ZrtpPeerSecrets } from '../media-port.ts'
import { CallBranch, type IceRole } from './call-branch.ts'
import { CallIce } from './call-ice.ts'
import { addressOf, localSection } from './local-sections.ts'
import { offeredProtocol, parsed } from './read-descriptions.ts'
import { newSdesKey } from './section.ts'
import type { ZrtpPorts } from './zrtp-channel.ts'

export interface CallMediaPorts {
  readonly datagrams: DatagramsPort
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly certificate: LoopbackCertificate
  readonly zrtp: ZrtpPorts
  /** The account's relay by number; null where it has none. */
  readonly relay: TurnServer | null
  readonly raise: (event: MediaEvent) => void
}

export class CallMedia {
  readonly #call: CallId
  readonly #ports: CallMediaPorts
  readonly #plan: MediaPlan
  readonly #rules: KeyRules
  readonly #branch: CallBranch
  #ice: CallIce | null = null
  #origin: SdpOrigin | null = null
  /** What we said last. */
  #described: string | null = null
  #held = false
  #isOver = false

  constructor(call: CallId, plan: MediaPlan, ports: CallMediaPorts) {
    this.#call = call
    this.#plan = plan
    this.#ports = ports
    const { policy, signallingSecure, verified, choseDtls } = plan
    this.#rules = { policy, signallingSecure, verified, choseDtls }
    this.#branch = new CallBranch(
      { call, plan, rules: this.#rules },
      { ...ports, iceFor: (role) => this.#iceFor(role) },
    )
  }

  async offer(rendererSdp: string): Promise<MediaOutcome<{ networkSdp: string }>> {
    const refusal = await this.#prepareOffer(rendererSdp)
    return refusal === null ? this.#describe('offer') : err(refusal)
  }

  async #prepareOffer(rendererSdp: string): Promise<MediaRefusal | null> {
    const renderer = await this.#branch.takeRendererOffer(rendererSdp)
    if (renderer === null) return 'engine'
    for (const media of renderer.media) {
      const section = await this.#branch.sectionFor(media, 'controlling')
      if (section === null) return 'no-path'
      section.codecs = offerCodecs(media.kind, media.codecs)
      section.protocol = offeredProtocol(this.#plan.offer)
      section.rtcpMux = true
      if (this.#plan.offer !== 'dtls' && allowsSdes(this.#rules)) section.sdes ??= newSdesKey(this.#ports.random, null)
    }
    return this.#branch.sections.every(({ codecs }) => codecs.pairs.length === 0) ? 'no-common-codec' : null
  }

  takeAnswer(sdp: string): MediaOutcome<MediaAnswer> {
    const session = parsed(sdp)
    if (session === null) return err('malformed')
    const refusal = this.#branch.applyAnswer(session)
    if (refusal !== null) return err(refusal)
    return ok(this.#branch.outcome(null))
  }

  async answer(sdp: string, rendererSdp: string | null): Promise<MediaOutcome<MediaAnswer>> {
    const session = parsed(sdp)
    const renderer = rendererSdp === null ? this.#branch.leg.offer : await this.#branch.takeRendererOffer(rendererSdp)
    if (session === null) return err('malformed')
    if (renderer === null) return err('engine')
    const refusal = await this.#branch.applyOffer(session, renderer)
    if (refusal !== null) return err(refusal)
    const description = this.#describe('answer')
    return description.ok ? ok(this.#branch.outcome(description.value.networkSdp)) : description
  }

  async reoffer(request: {
    readonly held: boolean
    readonly rendererSdp: string | null
    readonly video: boolean
    readonly restart: boolean
  }): Promise<MediaOutcome<{ networkSdp: string }>> {
    this.#hold(request.held)
    if (request.restart) await this.#ice?.restart('controlling')
    if (request.rendererSdp !== null) {
      const refusal = await this.#prepareOffer(request.rendererSdp)
      if (refusal !== null) return err(refusal)
    }
    this.#branch.setVideo(request.video)
    return this.#describe('offer')
  }

  /** Our last offer was refused; the renderer's answer, where it waits for one. */
  takeBack({ held, video }: { readonly held: boolean; readonly video: boolean }): string | null {
    this.#hold(held)
    this.#branch.setVideo(video)
    this.#ice?.abandonRestart()
    return this.#branch.leg.answer(this.#branch.sections)
  }

  /** Whoever is put on hold hears nothing from this moment, not from the answer on. */
  #hold(held: boolean): void {
    this.#held = held
    this.#branch.pause(held)
  }

  provideSecrets(secrets: ZrtpPeerSecrets | null): void {
    this.#branch.provideSecrets(secrets)
  }

  /** What the user found when comparing. */
  compared(equal: boolean): void {
    if (equal) this.#branch.compared()
  }

  sendDigit(digit: string): void {
    this.#branch.sectionOf('audio')?.stream.sendDigit(digit)
  }

  network(): CallNetworkView {
    return this.#branch.network()
  }

  close(): void {
    this.#isOver = true
    this.#branch.close()
    this.#ice?.close()
  }

  #iceFor(role: IceRole): CallIce {
    const { hideAddress, localHost } = this.#plan
    this.#ice ??= new CallIce({
      ...this.#ports,
      ...{ role, hideAddress, localHost },
      onMedia: (arrival) => this.#branch.router.fromNetwork(arrival),
      onLost: () => this.#ports.raise({ kind: 'restart-needed', call: this.#call }),
      onFailed: (why) => {
        if (!this.#isOver) this.#ports.raise({ kind: 'lost', call: this.#call, why })
      },
    })
    return this.#ice
  }

  #describe(role: 'offer' | 'answer'): MediaOutcome<{ networkSdp: string }> {
    const { hideAddress, localHost, offer: offerKeys } = this.#plan
    const { leg, sections, refused, places } = this.#branch
    const address = addressOf(hideAddress ? '0.0.0.0' : localHost)
    this.#origin ??= newOrigin(this.#ports.random, address)
    // What was refused keeps its place in offers of ours, too (RFC 3264 §8).
    const written: (LocalSection | RefusedSection | undefined)[] = [...refused]
    const [fingerprint, farSetup] = [leg.offer?.transport.fingerprint, leg.dtls?.setup ?? null]
    const context = { role, ice: this.#ice, held: this.#held, offerKeys, fingerprint, farSetup }
    const described = sections.filter(({ place }) => role === 'offer' || place < places)
    for (const section of described) {
      const local = localSection(section, context)
      if (local === null) return err(hideAddress ? 'relay-missing' : 'no-path')
      if (role === 'offer' || written[section.place] === undefined) written[section.place] = local
    }
    const media = written.filter((one) => one !== undefined)
    return ok({ networkSdp: this.#written(this.#origin, media) })
  }

  /** RFC 3264 §8: the version grows by one with a description that differs from the last one. */
  #written(origin: SdpOrigin, places: readonly (LocalSection | RefusedSection)[]): string {
    const same = writeNetworkDescription(origin, places)
    if (this.#described === null || this.#described === same) return (this.#described = same)
    this.#origin = nextVersion(origin)
    return (this.#described = writeNetworkDescription(this.#origin, places))
  }
}
