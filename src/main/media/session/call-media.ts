/** The media of one call: descriptions in and out, sections, keys, and the renderer's leg. */
import type { CallId, CallNetworkView } from '#shared/model/calls.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramAddress, DatagramsPort } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { ProtocolError } from '#shared/errors.ts'
import { err, ok } from '#shared/result.ts'
import { parseSdp } from '#protocol/sdp/parse.ts'
import { readRtpMedia, type DtlsSetup, type RtpMedia } from '#protocol/sdp/rtp-media.ts'
import { newOrigin, nextVersion } from '#protocol/sdp/serialize.ts'
import type { SdpDirection, SdpMedia, SdpOrigin, SdpSession } from '#protocol/sdp/session.ts'
import { answerCodecs, answeredCodecs, offerCodecs, rendererCodecs, type CodecChoice } from '../description/codecs.ts'
import {
  allowsSdes,
  answeredKeying,
  chooseKeying,
  type KeyRefusal,
  type Keying,
  type KeyRules,
} from '../description/keying.ts'
import { writeNetworkDescription, type LocalSection, type RefusedSection } from '../description/network-description.ts'
import type { LoopbackCertificate } from '../loopback/dtls-client.ts'
import { LoopbackLeg } from '../loopback/loopback-leg.ts'
import {
  readRendererOffer,
  writeRendererAnswer,
  type AnswerMedia,
  type AnswerTransport,
  type RendererMedia,
  type RendererOffer,
} from '../loopback/renderer-description.ts'
import type { MediaAnswer, MediaEvent, MediaOutcome, MediaPlan, MediaRefusal, ZrtpPeerSecrets } from '../media-port.ts'
import { CallKeys } from './call-keys.ts'
import { networkView } from './network-view.ts'
import { PacketRouter } from './packet-router.ts'
import { aimAt, cryptoLines, newSdesKey, openSection, type Section } from './section.ts'
import { ZrtpCall, type ZrtpPorts } from './zrtp-channel.ts'

export interface CallMediaPorts {
  readonly datagrams: DatagramsPort
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly certificate: LoopbackCertificate
  readonly zrtp: ZrtpPorts
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
  #sections: Section[] = []
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
    this.#router = new PacketRouter(() => this.#sections)
  }

  async offer(rendererSdp: string): Promise<MediaOutcome<{ networkSdp: string }>> {
    const renderer = await this.#takeRendererOffer(rendererSdp)
    if (renderer === null) return err('engine')
    for (const media of renderer.media) {
      const section = await this.#sectionFor(media)
      if (section === null) return err('no-path')
      section.codecs = offerCodecs(media.kind, media.codecs)
      section.protocol = offeredProtocol(this.#plan.offer)
      section.rtcpMux = true
      if (this.#plan.offer !== 'dtls' && allowsSdes(this.#rules)) section.sdes ??= newSdesKey(this.#ports.random, null)
    }
    if (this.#sections.every(({ codecs }) => codecs.pairs.length === 0)) return err('no-common-codec')
    return ok({ networkSdp: this.#describe('offer') })
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
    return ok(this.#outcome(this.#describe('answer')))
  }

  async reoffer(request: {
    readonly held: boolean
    readonly rendererSdp: string | null
    readonly video: boolean
  }): Promise<MediaOutcome<{ networkSdp: string }>> {
    this.#held = request.held
    if (request.rendererSdp !== null) {
      const outcome = await this.offer(request.rendererSdp)
      if (!outcome.ok) return outcome
    }
    for (const section of this.#sections) if (section.kind === 'video') section.isOn = request.video
    return ok({ networkSdp: this.#describe('offer') })
  }

  provideSecrets(secrets: ZrtpPeerSecrets | null): void {
    this.#keys.provide(secrets)
  }

  /** What the user found when comparing. */
  compared(equal: boolean): void {
    if (equal) this.#keys.compared()
  }

  sendDigit(_digit: string): void {
    // Follows with protocol/rtp/telephone-event.
  }

  network(): CallNetworkView {
    return networkView(this.#call, this.#ports.clock.monotonic(), this.#sections)
  }

  close(): void {
    this.#isOver = true
    this.#zrtp.stop()
    for (const { path } of this.#sections) path.close()
    this.#leg?.close()
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

  async #sectionFor({ kind, mid, ssrcs }: RendererMedia): Promise<Section | null> {
    const known = this.#sections.find((section) => section.kind === kind)
    if (known !== undefined) {
      known.rendererMid = mid
      return known
    }
    const isDtls = this.#plan.offer === 'dtls'
    const section = await openSection(kind, {
      datagrams: this.#ports.datagrams,
      host: this.#plan.localHost,
      place: this.#sections.length,
      channelFor: (path, guard) => (isDtls ? null : this.#keys.channelFor(kind, ssrcs[0] ?? 0, { path, guard })),
      onDatagram: (of, component, bytes, from) => this.#router.fromNetwork(of, component, bytes, from),
      handlers: this.#router.handlersFor(kind, () => this.#ports.raise({ kind: 'heard', call: this.#call })),
    })
    if (section === null || this.#isOver) return null
    section.rendererMid = mid
    this.#sections = [...this.#sections, section]
    return section
  }

  #applyAnswer(session: SdpSession): MediaRefusal | null {
    for (const section of this.#sections) {
      const media = session.media[section.place]
      const remote = media === undefined ? null : readRtpMedia(session, media)
      const refusal = this.#takeAnswered(section, remote)
      if (refusal !== null && section.kind === 'audio') return refusal
      if (refusal !== null) section.isOn = false
    }
    return this.#sections.some(({ isOn }) => isOn) ? null : 'no-common-codec'
  }

  #takeAnswered(section: Section, remote: RtpMedia | null): MediaRefusal | null {
    if (remote === null || !aimAt(section, remote)) return 'no-common-codec'
    const keying = answeredKeying(remote, offeredKeys(this.#plan.offer, section), this.#rules)
    if (typeof keying === 'string') return keying
    section.codecs = answeredCodecs(section.codecs, remote)
    if (section.codecs.pairs.length === 0) return 'no-common-codec'
    this.#begin(section, keying, remote)
    return null
  }

  async #applyOffer(session: SdpSession, renderer: RendererOffer): Promise<MediaRefusal | null> {
    const refused: RefusedSection[] = []
    let refusal: MediaRefusal = 'no-common-codec'
    for (const [place, media] of session.media.entries()) {
      const outcome = await this.#takeOffered(session, media, renderer, place)
      if (outcome === null) continue
      refused[place] = { refused: media }
      if (media.kind === 'audio') refusal = outcome
    }
    this.#refused = refused
    return this.#sections.some(({ isOn, kind }) => isOn && kind === 'audio') ? null : refusal
  }

  async #takeOffered(
    session: SdpSession,
    media: SdpMedia,
    renderer: RendererOffer,
    place: number,
  ): Promise<MediaRefusal | null> {
    const remote = readRtpMedia(session, media)
    const mine = renderer.media.find(({ kind }) => kind === remote?.kind)
    const known = this.#sections.find(({ kind }) => kind === remote?.kind)
    if (remote === null || mine === undefined || remote.port === 0 || (known !== undefined && known.place !== place)) {
      if (known !== undefined && known.place === place) known.isOn = false
      return 'no-common-codec'
    }
    const keying = chooseKeying(remote, this.#rules)
    if (typeof keying === 'string') return keying
    const codecs = answerCodecs(remote, mine.codecs)
    if (codecs.pairs.length === 0) return 'no-common-codec'
    const section = known ?? (await this.#sectionFor(mine))
    if (section === null) return 'no-path'
    Object.assign(section, { place, codecs, protocol: remote.protocol, mid: remote.mid, isOn: true })
    if (!aimAt(section, remote)) return 'no-path'
    if (keying.kind === 'sdes') section.sdes ??= newSdesKey(this.#ports.random, keying.description)
    this.#begin(section, keying, remote)
    return null
  }

  /** A negotiated section: codecs, RTCP, direction and keys come into use. */
  #begin(section: Section, keying: Keying, remote: RtpMedia): void {
    section.rtcpMux = remote.rtcpMux
    section.remoteDirection = remote.direction
    const sends = !this.#held && (remote.direction === 'sendrecv' || remote.direction === 'recvonly')
    section.stream.negotiated(section.codecs, { rtcpMux: section.rtcpMux, sends })
    if (keying.kind === 'dtls' && remote.fingerprint !== null)
      this.#dtls = { fingerprint: remote.fingerprint, setup: rendererSetup(remote.setup) }
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

  #describe(role: 'offer' | 'answer'): string {
    const address = addressOf(this.#plan.localHost)
    this.#origin = this.#origin === null ? newOrigin(this.#ports.random, address) : nextVersion(this.#origin)
    const places: (LocalSection | RefusedSection)[] = role === 'answer' ? [...this.#refused] : []
    for (const section of this.#sections)
      if (section.isOn || role === 'offer') places[section.place] ??= this.#localSection(section, role)
    return writeNetworkDescription(this.#origin, [...places])
  }

  #localSection(section: Section, role: 'offer' | 'answer'): LocalSection {
    const { port, host } = section.path.local
    const isDtls = role === 'offer' ? this.#plan.offer === 'dtls' : section.keying?.kind === 'dtls'
    const fingerprint = this.#rendererOffer?.transport.fingerprint
    return {
      kind: section.kind,
      mid: section.mid,
      protocol: section.protocol,
      address: addressOf(host),
      port: section.isOn ? port : 0,
      rtcpPort: role === 'answer' && section.rtcpMux ? null : port + 1,
      rtcpMux: section.rtcpMux,
      direction: this.#directionOf(section, role),
      codecs: section.codecs,
      zrtpHash: isDtls ? null : (section.zrtp?.helloHash ?? null),
      crypto: role === 'offer' || section.keying?.kind === 'sdes' ? cryptoLines(section) : [],
      dtls: isDtls && fingerprint !== undefined ? { fingerprint, setup: this.#networkSetup(role) } : null,
      ice: null,
      ssrcs: [],
    }
  }

  #networkSetup(role: 'offer' | 'answer'): DtlsSetup {
    if (role === 'offer') return 'actpass'
    return this.#dtls?.setup === 'active' ? 'passive' : 'active'
  }

  #directionOf({ remoteDirection }: Section, role: 'offer' | 'answer'): SdpDirection {
    const sends = role === 'offer' || remoteDirection === 'sendrecv' || remoteDirection === 'recvonly'
    const receives =
      !this.#held && (role === 'offer' || remoteDirection === 'sendrecv' || remoteDirection === 'sendonly')
    if (sends && receives) return 'sendrecv'
    return sends ? 'sendonly' : receives ? 'recvonly' : 'inactive'
  }
}

function parsed(sdp: string): SdpSession | null {
  try {
    return parseSdp(sdp)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

function rendererOfferOf(text: string): RendererOffer | null {
  try {
    return readRendererOffer(text)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

function offeredProtocol(keys: MediaPlan['offer']): string {
  return { zrtp: 'RTP/AVP', sdes: 'RTP/SAVP', dtls: 'UDP/TLS/RTP/SAVPF' }[keys]
}

function offeredKeys(kind: MediaPlan['offer'], { sdes }: Section): Parameters<typeof answeredKeying>[1] {
  return { kind, descriptions: sdes === null ? [] : [sdes] }
}

/** What the renderer is told the far end does: the other half of what the far end said, or active where it lets us choose. */
function rendererSetup(theirs: DtlsSetup | null): 'active' | 'passive' {
  return theirs === 'active' ? 'active' : 'passive'
}

function addressOf(host: string): { readonly addressType: 'IP4' | 'IP6'; readonly address: string } {
  return { addressType: host.includes(':') ? 'IP6' : 'IP4', address: host }
}
