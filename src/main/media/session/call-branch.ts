/** One early or confirmed dialog of a call: its sections, its keys, and the renderer's leg that plays it. */
import type { CallId, CallNetworkView } from '#shared/model/calls.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { readRtpMedia, type RtpMedia } from '#protocol/sdp/rtp-media.ts'
import type { SdpSession } from '#protocol/sdp/session.ts'
import { answeredCodecs } from '../description/codecs.ts'
import { answeredKeying, mayFollow, type Keying, type KeyRules } from '../description/keying.ts'
import type { RefusedSection } from '../description/network-description.ts'
import type { LoopbackPorts } from '../loopback/loopback-leg.ts'
import type { RendererMedia, RendererOffer } from '../loopback/renderer-description.ts'
import type { MediaAnswer, MediaEvent, MediaPlan, MediaRefusal, ZrtpPeerSecrets } from '../media-port.ts'
import { SectionPath } from '../network/section-path.ts'
import { judgeOffer, type Agreement } from './agree.ts'
import { Bandwidth } from './bandwidth.ts'
import { speaksIce, type CallIce, type RemoteSection } from './call-ice.ts'
import { CallKeys } from './call-keys.ts'
import { networkView } from './network-view.ts'
import { PacketRouter } from './packet-router.ts'
import { offeredKeys } from './read-descriptions.ts'
import { RendererLeg } from './renderer-leg.ts'
import { aimAt, answeringKey, newSection, wishOf, type Section } from './section.ts'
import { ZrtpCall, type ZrtpPorts } from './zrtp-channel.ts'

export type IceRole = 'controlling' | 'controlled'

export interface BranchPorts extends LoopbackPorts {
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly zrtp: ZrtpPorts
  readonly raise: (event: MediaEvent) => void
  /** The sockets of the call, made with the first section. */
  readonly iceFor: (role: IceRole) => CallIce
}

export interface BranchFacts {
  readonly call: CallId
  readonly plan: MediaPlan
  readonly rules: KeyRules
}

export class CallBranch {
  readonly leg: RendererLeg
  readonly router: PacketRouter
  readonly #facts: BranchFacts
  readonly #ports: BranchPorts
  readonly #zrtp: ZrtpCall
  readonly #keys: CallKeys
  readonly #bandwidth: Bandwidth
  #sections: Section[] = []
  #ice: CallIce | null = null
  /** Formats of sections of the other side that we do not take: they keep their places. */
  #refused: readonly (RefusedSection | undefined)[] = []
  /** Sections of their last offer. */
  #places = 0
  #isOver = false

  constructor(facts: BranchFacts, ports: BranchPorts) {
    this.#facts = facts
    this.#ports = ports
    const { call, plan, rules } = facts
    const sections = (): readonly Section[] => this.#sections
    this.#zrtp = new ZrtpCall(plan.zid, ports.zrtp)
    const { raise, random } = ports
    this.#keys = new CallKeys({ call, rules, zrtp: this.#zrtp, random, raise, sections })
    this.router = new PacketRouter(sections, (digit) => ports.raise({ kind: 'digit', call, digit }))
    this.leg = this.#newLeg()
    this.router.attach(this.leg)
    this.#bandwidth = new Bandwidth({
      clock: ports.clock,
      ssrcs: () => this.router.ssrcsOf('video'),
      loss: () => this.sectionOf('video')?.stream.quality.lossSent ?? null,
      toRenderer: (compound) => this.leg.sendRtcp(compound),
    })
  }

  get sections(): readonly Section[] {
    return this.#sections
  }

  get refused(): readonly (RefusedSection | undefined)[] {
    return this.#refused
  }

  /** How many sections their last offer has: an answer has as many. */
  get places(): number {
    return this.#places
  }

  /** RFC 3264 §8.2: what was refused may be offered in its old place; nothing else leaves its own. */
  #placeFor(kind: 'audio' | 'video'): number {
    const isFree = (place: number): boolean => this.#sections.every((section) => section.place !== place)
    const old = this.#refused.findIndex((one, place) => one?.refused.kind === kind && isFree(place))
    return old >= 0 ? old : Math.max(this.#places, ...this.#sections.map(({ place }) => place + 1))
  }

  sectionOf(kind: 'audio' | 'video'): Section | undefined {
    return this.#sections.find((section) => section.kind === kind && section.isOn)
  }

  #newLeg(): RendererLeg {
    return new RendererLeg(this.#ports, {
      onRtp: (packet) => this.router.rtpFromRenderer(packet),
      onRtcp: (packet) => this.router.rtcpFromRenderer(packet),
      onRecord: (bytes) => this.router.recordFromRenderer(bytes),
      onConnected: () => undefined,
      onFailed: () => {
        if (!this.#isOver) this.#ports.raise({ kind: 'lost', call: this.#facts.call, why: 'engine' })
      },
    })
  }

  async takeRendererOffer(text: string): Promise<RendererOffer | null> {
    const offer = await this.leg.take(text)
    if (offer !== null) this.router.learn(offer)
    return offer
  }

  /** The section of a kind, made with its sockets where there is none; null where there is no address for it. */
  async sectionFor(
    { kind, ssrcs }: RendererMedia,
    role: IceRole,
    place = this.#placeFor(kind),
  ): Promise<Section | null> {
    const known = this.#sections.find((section) => section.kind === kind)
    if (known !== undefined) return known
    const ice = this.#ports.iceFor(role)
    this.#ice = ice
    await ice.gather(place)
    if (this.#isOver || ice.describe(place, 1) === null) return null
    const { call, plan } = this.#facts
    // Only our own offer settles it: what they offer may be keyed otherwise.
    const isDtls = role === 'controlling' && plan.offer === 'dtls'
    const section = newSection(kind, {
      place,
      path: new SectionPath(ice.agent, place),
      clock: this.#ports.clock,
      channelFor: (path, guard) => (isDtls ? null : this.#keys.channelFor(kind, ssrcs[0] ?? 0, { path, guard })),
      handlers: this.router.handlersFor(kind, () => this.#ports.raise({ kind: 'heard', call })),
    })
    this.#sections = [...this.#sections, section]
    return section
  }

  /** The answer to our offer. */
  applyAnswer(session: SdpSession): MediaRefusal | null {
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

  #takeAnswered(section: Section, remote: RtpMedia | null): MediaRefusal | null {
    if (remote === null || remote.port === 0) return 'no-common-codec'
    const { plan, rules } = this.#facts
    const keying = answeredKeying(remote, offeredKeys(plan.offer, section), rules)
    if (typeof keying === 'string') return keying
    if (!mayFollow(section.keying, keying, section.zrtpState === 'secure')) return 'downgrade'
    const codecs = answeredCodecs(section.codecs, remote)
    if (codecs.pairs.length === 0) return 'no-common-codec'
    section.codecs = codecs
    this.#begin(section, keying, remote)
    return null
  }

  /** What their offer has no place for is an offer of ours that was never taken. */
  #offered(places: number): void {
    this.#places = places
    for (const section of this.#sections) if (section.place >= places) section.isOn = false
  }

  /** An offer of the other side, the first or a later one. */
  async applyOffer(session: SdpSession, renderer: RendererOffer): Promise<MediaRefusal | null> {
    const offered = session.media.map((section) => readRtpMedia(session, section))
    const context = { renderer, rules: this.#facts.rules, sections: this.#sections }
    const verdicts = judgeOffer(offered, context)
    const isAudio = (verdict: Agreement | MediaRefusal): boolean =>
      typeof verdict !== 'string' && verdict.remote.kind === 'audio'
    if (!verdicts.some(isAudio)) return refusalOf(session, verdicts)
    this.#offered(session.media.length)
    const taken: RemoteSection[] = []
    const refused: (RefusedSection | undefined)[] = session.media.map(() => undefined)
    for (const [place, section] of session.media.entries()) {
      const outcome = await this.#takeOffered(place, verdicts[place] ?? 'malformed')
      if (typeof outcome === 'string' && section.kind === 'audio' && isAudio(verdicts[place] ?? outcome)) return outcome
      if (typeof outcome === 'string') refused[place] = { refused: section }
      else taken.push({ place, media: outcome })
    }
    this.#refused = refused
    if (this.#ice?.isRestart(taken) === true) await this.#ice.restart()
    return this.#connect(taken)
  }

  async #takeOffered(place: number, verdict: Agreement | MediaRefusal): Promise<RtpMedia | MediaRefusal> {
    const known = this.#sections.find((section) => section.place === place)
    if (typeof verdict === 'string') {
      if (known !== undefined) known.isOn = false
      return verdict
    }
    const { codecs, keying, remote, mine } = verdict
    const section = known ?? (await this.sectionFor(mine, 'controlled', place))
    if (section === null) return this.#facts.plan.hideAddress ? 'relay-missing' : 'no-path'
    Object.assign(section, { codecs, protocol: remote.protocol, mid: remote.mid, isOn: true })
    if (keying.kind === 'sdes') section.sdes = answeringKey(section.sdes, keying.description, this.#ports.random)
    this.#begin(section, keying, remote)
    return remote
  }

  /** A negotiated section: codecs, RTCP, direction and keys come into use. */
  #begin(section: Section, keying: Keying, remote: RtpMedia): void {
    section.rtcpMux = remote.rtcpMux
    section.remoteDirection = wishOf(remote)
    const sends = section.remoteDirection === 'sendrecv' || section.remoteDirection === 'recvonly'
    section.stream.negotiated(section.codecs, { rtcpMux: section.rtcpMux, sends })
    if (keying.kind === 'dtls') this.leg.passThrough(remote)
    if (section.kind === 'video' && keying.kind !== 'dtls') this.#bandwidth.start()
    this.#keys.start(section, keying, remote)
  }

  /** Where packets go, once it is clear which sections are on. */
  #connect(taken: readonly RemoteSection[]): MediaRefusal | null {
    if (taken.length === 0) return 'no-common-codec'
    const withIce = taken.every(({ media }) => speaksIce(media))
    for (const { place, media } of taken) {
      const section = this.#sections.find((candidate) => candidate.place === place)
      if (withIce) section?.path.useIce()
      else if (section !== undefined && !aimAt(section, media, this.#ice?.describe(place, 1)?.rtp.host))
        return 'no-path'
    }
    if (withIce) this.#ice?.start(taken)
    return null
  }

  /** What was agreed, for main and the renderer. */
  outcome(networkSdp: string | null): MediaAnswer {
    const audio = this.#sections.find(({ kind }) => kind === 'audio')
    return {
      networkSdp,
      rendererSdp: this.leg.answer(this.#sections),
      video: this.#sections.some(({ kind, isOn }) => kind === 'video' && isOn),
      heldByPeer: audio?.remoteDirection === 'sendonly' || audio?.remoteDirection === 'inactive',
    }
  }

  /** Sends nothing captured until it is resumed. */
  pause(held: boolean): void {
    for (const { stream } of this.#sections) stream.pause(held)
  }

  setVideo(isOn: boolean): void {
    for (const section of this.#sections) if (section.kind === 'video') section.isOn = isOn
  }

  provideSecrets(secrets: ZrtpPeerSecrets | null): void {
    this.#keys.provide(secrets)
  }

  compared(): void {
    this.#keys.compared()
  }

  network(): CallNetworkView {
    return networkView(this.#facts.call, this.#ports.clock.monotonic(), this.#sections, this.#ice)
  }

  close(): void {
    this.#isOver = true
    this.#zrtp.stop()
    this.#bandwidth.stop()
    for (const { stream } of this.#sections) stream.stop()
    this.leg.close()
  }
}

/** Why none of the sections of sound will do. */
function refusalOf(session: SdpSession, verdicts: readonly (Agreement | MediaRefusal)[]): MediaRefusal {
  const refusals = verdicts.filter((_verdict, place) => session.media[place]?.kind === 'audio')
  return refusals.findLast((verdict) => typeof verdict === 'string') ?? 'no-common-codec'
}
