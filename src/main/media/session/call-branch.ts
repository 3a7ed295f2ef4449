/** One early or confirmed dialog of a call: its sections, its keys, and the renderer's leg that plays it. */
import type { CallId, CallNetworkView } from '#shared/model/calls.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { MediaArrival } from '#protocol/ice/agent.ts'
import type { IceRole } from '#protocol/ice/binding.ts'
import type { RtpMedia } from '#protocol/sdp/rtp-media.ts'
import type { SdpSession } from '#protocol/sdp/session.ts'
import type { HashChain } from '#protocol/zrtp/implicit.ts'
import type { Keying, KeyRules } from '../description/keying.ts'
import type { RefusedSection } from '../description/network-description.ts'
import type { LoopbackPorts } from '../loopback/loopback-leg.ts'
import type { RendererMedia, RendererOffer } from '../loopback/renderer-description.ts'
import type { BranchEvent, MediaAnswer, MediaPlan, MediaRefusal, ZrtpPeerSecrets } from '../media-port.ts'
import { SectionPath } from '../network/section-path.ts'
import { judgeOffer, refusalOf, type Agreement } from './agree.ts'
import { Bandwidth } from './bandwidth.ts'
import { speaksIce, type BranchIce, type BranchIceHandlers, type RemoteSection } from './branch-ice.ts'
import type { CallIce } from './call-ice.ts'
import { CallKeys } from './call-keys.ts'
import { networkView } from './network-view.ts'
import type { OwnKeys } from './own-keys.ts'
import { PacketRouter } from './packet-router.ts'
import { onOwnLeg, type AnsweredSection, type OfferedSection } from './read-answer.ts'
import { sectionsOf } from './read-descriptions.ts'
import { RendererLeg } from './renderer-leg.ts'
import { aimAt, newSection, wishOf, type Section } from './section.ts'
import { wipeUntaken } from './their-keys.ts'
import { ZrtpCall, type ZrtpPorts } from './zrtp-channel.ts'

export interface BranchPorts extends LoopbackPorts {
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly zrtp: ZrtpPorts
  readonly raise: (event: BranchEvent) => void
  /** The sockets of the call, made with the first section, and this branch's way through them. */
  readonly iceFor: (
    role: IceRole,
    handlers: BranchIceHandlers,
  ) => { readonly sockets: CallIce; readonly ice: BranchIce }
}

export interface BranchFacts {
  readonly call: CallId
  readonly plan: MediaPlan
  readonly rules: KeyRules
  /** Of the Hello that is announced for the section at a place: the same for all branches. */
  readonly chainFor: (place: number) => HashChain
  readonly ownKeys: OwnKeys
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
  #sockets: CallIce | null = null
  #ice: BranchIce | null = null
  /** Formats of sections of the other side that we do not take: they keep their places. */
  #refused: readonly (RefusedSection | undefined)[] = []
  /** Sections of their last offer. */
  #places = 0
  #isOver = false

  constructor(facts: BranchFacts, ports: BranchPorts) {
    this.#facts = facts
    this.#ports = ports
    const { plan, rules } = facts
    const sections = (): readonly Section[] => this.#sections
    this.#zrtp = new ZrtpCall(plan.zid, ports.zrtp)
    const { raise } = ports
    this.#keys = new CallKeys({ rules, zrtp: this.#zrtp, ownKeys: facts.ownKeys, raise, sections })
    this.router = new PacketRouter(sections, (digit) => raise({ kind: 'digit', digit }))
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

  /** What the sections are keyed by. */
  get keyings(): readonly (Keying | null)[] {
    return this.#sections.map(({ keying }) => keying)
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
      onFailed: () => this.#lost('engine'),
    })
  }

  #lost(why: Extract<BranchEvent, { kind: 'lost' }>['why']): void {
    if (!this.#isOver) this.#ports.raise({ kind: 'lost', why })
  }

  /** Keys of our offers: DTLS-SRTP is for all sections or for none. */
  get offerKeys(): MediaPlan['offer'] {
    return this.#sections.some(({ keying }) => keying?.kind === 'dtls') ? 'dtls' : this.#facts.plan.offer
  }

  /** Our way through the sockets of the call; null before there was a section. */
  get ice(): BranchIce | null {
    return this.#ice
  }

  async takeRendererOffer(text: string): Promise<RendererOffer | null> {
    const offer = await this.leg.take(text)
    if (offer !== null) this.router.learn(offer)
    return offer
  }

  /** The section of a kind, made with its sockets where there is none; null where there is no address for it. */
  async sectionFor(media: RendererMedia, role: IceRole, place = this.#placeFor(media.kind)): Promise<Section | null> {
    const known = this.#sections.find((section) => section.kind === media.kind)
    if (known !== undefined) return known
    const sockets = this.#join(role)
    await sockets.gather(place)
    return this.#isOver || sockets.describe(place, 1) === null ? null : this.#addSection(media, role, place)
  }

  #join(role: IceRole): CallIce {
    if (this.#sockets !== null) return this.#sockets
    const { sockets, ice } = this.#ports.iceFor(role, {
      onLost: () => this.#ports.raise({ kind: 'restart-needed' }),
      onFailed: (why) => this.#lost(why),
    })
    this.#sockets = sockets
    this.#ice = ice
    return sockets
  }

  #addSection({ kind, ssrcs }: RendererMedia, role: IceRole, place: number): Section | null {
    if (this.#ice === null) return null
    const { chainFor } = this.#facts
    // Only our own offer settles it: what they offer may be keyed otherwise.
    const isDtls = role === 'controlling' && this.offerKeys === 'dtls'
    const hello = { ssrc: ssrcs[0] ?? 0, chain: chainFor(place) }
    const section = newSection(kind, {
      place,
      path: new SectionPath(this.#ice.link, place),
      clock: this.#ports.clock,
      channelFor: (path, guard) => (isDtls ? null : this.#keys.channelFor(kind, hello, { path, guard })),
      handlers: this.router.handlersFor(kind, () => this.#ports.raise({ kind: 'heard' })),
    })
    this.#sections = [...this.#sections, section]
    return section
  }

  /** One more branch of an offer that was made: its sections, on a leg whose renderer has made `renderer`. */
  joinOffer(offered: readonly OfferedSection[], renderer: RendererOffer): void {
    this.#join('controlling')
    for (const { kind, place, protocol, sdes } of offered) {
      const media = renderer.media.find((one) => one.kind === kind)
      const section = media === undefined ? null : this.#addSection(media, 'controlling', place)
      if (section !== null) Object.assign(section, { protocol, sdes })
    }
  }

  /** The answer to our offer. A refusal leaves everything as it was. */
  applyAnswer(answered: readonly AnsweredSection[]): MediaRefusal | null {
    const taken = onOwnLeg(answered, this.#sections, this.leg.offer)
    if (typeof taken === 'string') return taken
    const remotes = this.#transports(taken.map(({ section: { place }, answer: { media } }) => ({ place, media })))
    const refusal = this.#aim(remotes)
    if (refusal !== null) return refusal
    for (const section of this.#sections) section.isOn = taken.some((one) => one.section === section)
    for (const { section, answer } of taken) {
      section.codecs = answer.codecs
      this.#begin(section, answer.keying, answer.media)
    }
    return this.#check(remotes)
  }

  /** What their offer has no place for is an offer of ours that was never taken. */
  #offered(places: number): void {
    this.#places = places
    for (const section of this.#sections) if (section.place >= places) section.isOn = false
  }

  /** An offer of the other side, the first or a later one. */
  async applyOffer(session: SdpSession, renderer: RendererOffer): Promise<MediaRefusal | null> {
    const offered = sectionsOf(session)
    const refusal = await this.#applyOffered(session, offered, renderer)
    wipeUntaken(offered, this.keyings)
    return refusal
  }

  async #applyOffered(
    session: SdpSession,
    offered: readonly (RtpMedia | null)[],
    renderer: RendererOffer,
  ): Promise<MediaRefusal | null> {
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
    return this.#follow(this.#transports(taken))
  }

  /** Of bundled sections the first one's transport alone is used (RFC 9143 §7.3). */
  #transports(taken: readonly RemoteSection[]): readonly RemoteSection[] {
    const [first] = taken
    const shares = ({ place, media }: RemoteSection): boolean => media.overDtls && place !== first?.place
    for (const one of taken) {
      const section = this.#sections.find(({ place }) => place === one.place)
      const sharesWith = shares(one) ? (first?.place ?? null) : null
      if (section !== undefined) Object.assign(section, { sharesWith, isBundled: one.media.bundleTag !== null })
    }
    return taken.filter((one) => !shares(one))
  }

  async #follow(taken: readonly RemoteSection[]): Promise<MediaRefusal | null> {
    if (this.#ice?.isRestart(taken) === true) await this.#sockets?.restart()
    return this.#aim(taken) ?? this.#check(taken)
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
    if (keying.kind === 'sdes') section.sdes = this.#facts.ownKeys.answering(section.sdes, keying.description)
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
  #aim(taken: readonly RemoteSection[]): MediaRefusal | null {
    if (taken.length === 0) return 'no-common-codec'
    const withIce = taken.every(({ media }) => speaksIce(media))
    for (const { place, media } of taken) {
      const section = this.#sections.find((candidate) => candidate.place === place)
      if (withIce) section?.path.useIce()
      else if (section !== undefined && !aimAt(section, media, this.#sockets?.describe(place, 1)?.rtp.host))
        return 'no-path'
    }
    return null
  }

  #check(taken: readonly RemoteSection[]): null {
    if (taken.every(({ media }) => speaksIce(media))) this.#ice?.start(taken)
    return null
  }

  /** How likely a datagram of the shared sockets is this branch's. */
  claim({ stream, component, base, from }: MediaArrival): 'sure' | 'maybe' | 'no' {
    for (const section of this.#sections) {
      if (section.place !== stream || !section.isOn || section.keying === null) continue
      const claim = section.path.claim(component, base, from)
      return claim === 'no' && section.stream.guard.authenticates ? 'maybe' : claim
    }
    return 'no'
  }

  /** Another one's description names the place where we took this one to be: there it is not. */
  giveWay(other: CallBranch): void {
    for (const { path, place } of this.#sections) {
      const theirs = other.#sections.find((section) => section.place === place)
      if (theirs !== undefined) path.giveWay(theirs.path)
    }
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

  /** Keys of descriptions give way to others with the next offer. */
  renewKeys(): void {
    for (const section of this.#sections) this.#keys.renew(section)
  }

  network(): CallNetworkView {
    const local = (place: number): DatagramAddress | null => this.#sockets?.describe(place, 1)?.rtp ?? null
    return networkView(this.#facts.call, this.#ports.clock.monotonic(), this.#sections, { ice: this.#ice, local })
  }

  close(): void {
    this.#isOver = true
    this.#zrtp.stop()
    this.#keys.close()
    this.#bandwidth.stop()
    for (const { stream } of this.#sections) stream.stop()
    this.#ice?.close()
    this.leg.close()
  }
}
