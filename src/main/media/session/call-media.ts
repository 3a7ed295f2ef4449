/** The media of one call: descriptions in and out, sections, keys, and the renderer's leg. */
import type { CallId, CallNetworkView } from '#shared/model/calls.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramsPort } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { err, ok } from '#shared/result.ts'
import type { TurnServer } from '#protocol/ice/turn-socket.ts'
import { readRtpMedia, type RtpMedia } from '#protocol/sdp/rtp-media.ts'
import { newOrigin, nextVersion } from '#protocol/sdp/serialize.ts'
import type { SdpOrigin, SdpSession } from '#protocol/sdp/session.ts'
import { answeredCodecs, offerCodecs, rendererCodecs } from '../description/codecs.ts'
import { allowsSdes, answeredKeying, type Keying, type KeyRules } from '../description/keying.ts'
import { writeNetworkDescription, type LocalSection, type RefusedSection } from '../description/network-description.ts'
import type { LoopbackCertificate } from '../loopback/dtls-client.ts'
import { LoopbackLeg } from '../loopback/loopback-leg.ts'
import {
  writeRendererAnswer,
  type AnswerMedia,
  type AnswerTransport,
  type RendererMedia,
  type RendererOffer,
} from '../loopback/renderer-description.ts'
import type { MediaAnswer, MediaEvent, MediaOutcome, MediaPlan, MediaRefusal, ZrtpPeerSecrets } from '../media-port.ts'
import { Bandwidth } from './bandwidth.ts'
import { CallKeys } from './call-keys.ts'
import { networkView } from './network-view.ts'
import { PacketRouter } from './packet-router.ts'
import { offeredKeys, offeredProtocol, parsed, rendererOfferOf, rendererSetup } from './read-descriptions.ts'
import { CallIce, speaksIce, type RemoteSection } from './call-ice.ts'
import { SectionPath } from '../network/section-path.ts'
import { agreeOn, mayTake } from './agree.ts'
import { addressOf, localSection } from './local-sections.ts'
import { aimAt, newSdesKey, newSection, type Section } from './section.ts'
import { ZrtpCall, type ZrtpPorts } from './zrtp-channel.ts'

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
  readonly #zrtp: ZrtpCall
  readonly #keys: CallKeys
  readonly #router: PacketRouter
  readonly #bandwidth: Bandwidth
  #sections: Section[] = []
  #ice: CallIce | null = null
  /** Formats of sections of the other side that we do not take: they keep their places. */
  #refused: RefusedSection[] = []
  #leg: LoopbackLeg | null = null
  #rendererOffer: RendererOffer | null = null
  #rendererWaits = false
  #rendererVersion = 0
  #origin: SdpOrigin | null = null
  #held = false
  #dtls: { readonly fingerprint: AnswerTransport['fingerprint']; readonly setup: 'active' | 'passive' } | null = null
  #isOver = false

  constructor(call: CallId, plan: MediaPlan, ports: CallMediaPorts) {
    this.#call = call
    this.#plan = plan
    this.#ports = ports
    const { policy, signallingSecure, verified, choseDtls } = plan
    this.#rules = { policy, signallingSecure, verified, choseDtls }
    this.#zrtp = new ZrtpCall(plan.zid, ports.zrtp)
    this.#keys = new CallKeys({
      call,
      rules: this.#rules,
      zrtp: this.#zrtp,
      raise: ports.raise,
      sections: () => this.#sections,
    })
    this.#router = new PacketRouter(
      () => this.#sections,
      (digit) => ports.raise({ kind: 'digit', call, digit }),
    )
    this.#bandwidth = new Bandwidth({
      clock: ports.clock,
      ssrcs: () => this.#router.ssrcsOf('video'),
      loss: () => this.#sectionOf('video')?.stream.quality.lossSent ?? null,
      toRenderer: (compound) => this.#leg?.sendRtcp(compound),
    })
  }

  async offer(rendererSdp: string): Promise<MediaOutcome<{ networkSdp: string }>> {
    const renderer = await this.#takeRendererOffer(rendererSdp)
    if (renderer === null) return err('engine')
    for (const media of renderer.media) {
      const section = await this.#sectionFor(media, 'controlling')
      if (section === null) return err('no-path')
      section.codecs = offerCodecs(media.kind, media.codecs)
      section.protocol = offeredProtocol(this.#plan.offer)
      section.rtcpMux = true
      if (this.#plan.offer !== 'dtls' && allowsSdes(this.#rules)) section.sdes ??= newSdesKey(this.#ports.random, null)
    }
    if (this.#sections.every(({ codecs }) => codecs.pairs.length === 0)) return err('no-common-codec')
    return this.#describe('offer')
  }

  takeAnswer(sdp: string): MediaOutcome<MediaAnswer> {
    const session = parsed(sdp)
    if (session === null) return err('malformed')
    const refusal = this.#applyAnswer(session)
    if (refusal !== null) return err(refusal)
    return ok(this.#outcome(null))
  }

  async answer(sdp: string, rendererSdp: string | null): Promise<MediaOutcome<MediaAnswer>> {
    const session = parsed(sdp)
    const renderer = rendererSdp === null ? this.#rendererOffer : await this.#takeRendererOffer(rendererSdp)
    if (session === null) return err('malformed')
    if (renderer === null) return err('engine')
    const refusal = await this.#applyOffer(session, renderer)
    if (refusal !== null) return err(refusal)
    const description = this.#describe('answer')
    return description.ok ? ok(this.#outcome(description.value.networkSdp)) : description
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
      const outcome = await this.offer(request.rendererSdp)
      if (!outcome.ok) return outcome
    }
    for (const section of this.#sections) if (section.kind === 'video') section.isOn = request.video
    return this.#describe('offer')
  }

  /** Our last offer was refused; the renderer's answer, where it waits for one. */
  takeBack({ held, video }: { readonly held: boolean; readonly video: boolean }): string | null {
    this.#hold(held)
    for (const section of this.#sections) if (section.kind === 'video') section.isOn = video
    return this.#answerRenderer()
  }

  /** Whoever is put on hold hears nothing from this moment, not from the answer on. */
  #hold(held: boolean): void {
    this.#held = held
    for (const { stream } of this.#sections) stream.pause(held)
  }

  provideSecrets(secrets: ZrtpPeerSecrets | null): void {
    this.#keys.provide(secrets)
  }

  /** What the user found when comparing. */
  compared(equal: boolean): void {
    if (equal) this.#keys.compared()
  }

  sendDigit(digit: string): void {
    this.#sectionOf('audio')?.stream.sendDigit(digit)
  }

  network(): CallNetworkView {
    return networkView(this.#call, this.#ports.clock.monotonic(), this.#sections, this.#ice)
  }

  close(): void {
    this.#isOver = true
    this.#zrtp.stop()
    this.#bandwidth.stop()
    for (const { stream } of this.#sections) stream.stop()
    this.#ice?.close()
    this.#leg?.close()
  }

  #sectionOf(kind: 'audio' | 'video'): Section | undefined {
    return this.#sections.find((section) => section.kind === kind && section.isOn)
  }

  async #takeRendererOffer(text: string): Promise<RendererOffer | null> {
    const offer = rendererOfferOf(text)
    if (offer === null) return null
    this.#rendererOffer = offer
    this.#rendererWaits = true
    this.#router.learn(offer)
    if (this.#leg !== null) return offer
    const leg = await LoopbackLeg.open(this.#ports, {
      onRtp: (packet) => this.#router.rtpFromRenderer(packet),
      onRtcp: (packet) => this.#router.rtcpFromRenderer(packet),
      onRecord: (bytes) => this.#router.recordFromRenderer(bytes),
      onConnected: () => undefined,
      onFailed: () => this.#lost('engine'),
    })
    if (!leg.ok) return null
    this.#leg = leg.value
    this.#router.attach(leg.value)
    return offer
  }

  #lost(why: Extract<MediaEvent, { kind: 'lost' }>['why']): void {
    if (!this.#isOver) this.#ports.raise({ kind: 'lost', call: this.#call, why })
  }

  async #sectionFor(
    { kind, ssrcs }: RendererMedia,
    role: 'controlling' | 'controlled',
    place = this.#sections.length,
  ): Promise<Section | null> {
    const known = this.#sections.find((section) => section.kind === kind)
    if (known !== undefined) return known
    const ice = this.#iceFor(role)
    await ice.gather(place)
    if (this.#isOver || ice.describe(place, 1) === null) return null
    // Only our own offer settles it: what they offer may be keyed otherwise.
    const isDtls = role === 'controlling' && this.#plan.offer === 'dtls'
    const section = newSection(kind, {
      place,
      path: new SectionPath(ice.agent, place),
      clock: this.#ports.clock,
      channelFor: (path, guard) => (isDtls ? null : this.#keys.channelFor(kind, ssrcs[0] ?? 0, { path, guard })),
      handlers: this.#router.handlersFor(kind, () => this.#ports.raise({ kind: 'heard', call: this.#call })),
    })
    this.#sections = [...this.#sections, section]
    return section
  }

  #iceFor(role: 'controlling' | 'controlled'): CallIce {
    const { hideAddress, localHost } = this.#plan
    this.#ice ??= new CallIce({
      ...this.#ports,
      ...{ role, hideAddress, localHost },
      onMedia: (arrival) => this.#router.fromNetwork(arrival),
      onLost: () => this.#ports.raise({ kind: 'restart-needed', call: this.#call }),
      onFailed: () => this.#lost('no-path'),
    })
    return this.#ice
  }

  #applyAnswer(session: SdpSession): MediaRefusal | null {
    const taken: RemoteSection[] = []
    for (const section of this.#sections) {
      const media = session.media[section.place]
      const remote = media === undefined ? null : readRtpMedia(session, media)
      const refusal = this.#takeAnswered(section, remote)
      if (refusal !== null && section.kind === 'audio') return refusal
      section.isOn = refusal === null
      if (remote !== null && refusal === null) taken.push({ place: section.place, media: remote })
    }
    return this.#connect(taken)
  }

  /** Where packets go, once it is clear which sections are on. */
  #connect(taken: readonly RemoteSection[]): MediaRefusal | null {
    if (taken.length === 0) return 'no-common-codec'
    const withIce = taken.every(({ media }) => speaksIce(media))
    for (const { place, media } of taken) {
      const section = this.#sections.find((candidate) => candidate.place === place)
      if (withIce) section?.path.useIce()
      else if (section !== undefined && !aimAt(section, media)) return 'no-path'
    }
    if (withIce) this.#ice?.start(taken)
    return null
  }

  #takeAnswered(section: Section, remote: RtpMedia | null): MediaRefusal | null {
    if (remote === null || remote.port === 0) return 'no-common-codec'
    const keying = answeredKeying(remote, offeredKeys(this.#plan.offer, section), this.#rules)
    if (typeof keying === 'string') return keying
    const codecs = answeredCodecs(section.codecs, remote)
    if (codecs.pairs.length === 0) return 'no-common-codec'
    section.codecs = codecs
    this.#begin(section, keying, remote)
    return null
  }

  async #applyOffer(session: SdpSession, renderer: RendererOffer): Promise<MediaRefusal | null> {
    const refused: RefusedSection[] = []
    const taken: RemoteSection[] = []
    let refusal: MediaRefusal = 'no-common-codec'
    for (const [place, section] of session.media.entries()) {
      const media = readRtpMedia(session, section)
      const outcome = await this.#takeOffered(media, renderer, place)
      if (outcome === null && media !== null) taken.push({ place, media })
      else refused[place] = { refused: section }
      if (outcome !== null && section.kind === 'audio') refusal = outcome
    }
    this.#refused = refused
    if (!this.#sections.some(({ isOn, kind }) => isOn && kind === 'audio')) return refusal
    if (this.#ice?.isRestart(taken) === true) await this.#ice.restart()
    return this.#connect(taken)
  }

  async #takeOffered(remote: RtpMedia | null, renderer: RendererOffer, place: number): Promise<MediaRefusal | null> {
    const known = this.#sections.find((section) => section.place === place)
    if (remote === null || remote.port === 0 || !mayTake(remote, known, this.#sections)) {
      if (known !== undefined) known.isOn = false
      return 'no-common-codec'
    }
    const agreed = agreeOn(remote, renderer, this.#rules)
    if (typeof agreed === 'string') return agreed
    const section = known ?? (await this.#sectionFor(agreed.mine, 'controlled', place))
    if (section === null) return this.#plan.hideAddress ? 'relay-missing' : 'no-path'
    const { codecs, keying } = agreed
    Object.assign(section, { codecs, protocol: remote.protocol, mid: remote.mid, isOn: true })
    if (keying.kind === 'sdes') section.sdes ??= newSdesKey(this.#ports.random, keying.description)
    this.#begin(section, keying, remote)
    return null
  }

  /** A negotiated section: codecs, RTCP, direction and keys come into use. */
  #begin(section: Section, keying: Keying, remote: RtpMedia): void {
    section.rtcpMux = remote.rtcpMux
    section.remoteDirection = remote.direction
    const sends = remote.direction === 'sendrecv' || remote.direction === 'recvonly'
    section.stream.negotiated(section.codecs, { rtcpMux: section.rtcpMux, sends })
    if (keying.kind === 'dtls' && remote.fingerprint !== null)
      this.#dtls = { fingerprint: remote.fingerprint, setup: rendererSetup(remote.setup) }
    if (section.kind === 'video' && keying.kind !== 'dtls') this.#bandwidth.start()
    this.#keys.start(section, keying, remote)
  }

  #outcome(networkSdp: string | null): MediaAnswer {
    const audio = this.#sections.find(({ kind }) => kind === 'audio')
    return {
      networkSdp,
      rendererSdp: this.#answerRenderer(),
      video: this.#sections.some(({ kind, isOn }) => kind === 'video' && isOn),
      heldByPeer: audio?.remoteDirection === 'sendonly' || audio?.remoteDirection === 'inactive',
    }
  }

  #answerRenderer(): string | null {
    const [offer, leg] = [this.#rendererOffer, this.#leg]
    if (!this.#rendererWaits || offer === null || leg === null) return null
    this.#rendererWaits = false
    this.#rendererVersion += 1
    if (this.#dtls === null) leg.terminate(offer.transport)
    else leg.passThrough(offer.transport)
    const { port, ufrag, password, fingerprint } = leg.address
    const ours = { fingerprint: { hash: 'sha-256', value: fingerprint }, setup: 'active' } as const
    const media = offer.media.map((section) => this.#rendererMedia(section))
    return writeRendererAnswer(media, { port, ufrag, password, ...(this.#dtls ?? ours) }, this.#rendererVersion)
  }

  #rendererMedia({ kind, mid }: RendererMedia): AnswerMedia {
    const section = this.#sections.find((candidate) => candidate.kind === kind && candidate.isOn)
    const codecs = section === undefined ? [] : rendererCodecs(kind, section.codecs)
    return { kind, mid, codecs, direction: 'sendrecv', ...(kind === 'video' ? { startBitrate: 800 } : {}) }
  }

  #describe(role: 'offer' | 'answer'): MediaOutcome<{ networkSdp: string }> {
    const { hideAddress, localHost, offer: offerKeys } = this.#plan
    const address = addressOf(hideAddress ? '0.0.0.0' : localHost)
    this.#origin = this.#origin === null ? newOrigin(this.#ports.random, address) : nextVersion(this.#origin)
    const places: (LocalSection | RefusedSection)[] = role === 'answer' ? [...this.#refused] : []
    const [fingerprint, farSetup] = [this.#rendererOffer?.transport.fingerprint, this.#dtls?.setup ?? null]
    const context = { role, ice: this.#ice, held: this.#held, offerKeys, fingerprint, farSetup }
    for (const section of this.#sections) {
      const local = localSection(section, context)
      if (local === null) return err(hideAddress ? 'relay-missing' : 'no-path')
      places[section.place] ??= local
    }
    return ok({ networkSdp: writeNetworkDescription(this.#origin, [...places]) })
  }
}
