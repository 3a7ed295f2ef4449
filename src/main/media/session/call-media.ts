/** The media of one call: its plan, its sockets, what we describe of it, and the branches that answer. */
import type { CallId, CallNetworkView } from '#shared/model/calls.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramsPort } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { err, ok } from '#shared/result.ts'
import { wipe } from '#shared/bytes/bytes.ts'
import type { MediaArrival } from '#protocol/ice/agent.ts'
import type { IceRole } from '#protocol/ice/binding.ts'
import type { TurnServer } from '#protocol/ice/turn-socket.ts'
import type { RtpMedia } from '#protocol/sdp/rtp-media.ts'
import { newOrigin, nextVersion } from '#protocol/sdp/serialize.ts'
import type { SdpOrigin } from '#protocol/sdp/session.ts'
import { newHashChain, type HashChain } from '#protocol/zrtp/implicit.ts'
import { offerCodecs } from '../description/codecs.ts'
import { allowsSdes, type KeyRules } from '../description/keying.ts'
import { writeNetworkDescription, type LocalSection, type RefusedSection } from '../description/network-description.ts'
import type { LoopbackCertificate } from '../loopback/dtls-client.ts'
import type {
  MediaAnswer,
  MediaEvent,
  MediaOutcome,
  MediaPlan,
  MediaPort,
  MediaRefusal,
  ZrtpPeerSecrets,
} from '../media-port.ts'
import type { BranchIce, BranchIceHandlers } from './branch-ice.ts'
import { CallBranch } from './call-branch.ts'
import { CallBranches } from './call-branches.ts'
import { CallIce } from './call-ice.ts'
import { deliver } from './fork-demux.ts'
import { addressOf, localSection } from './local-sections.ts'
import { readAnswer, type OfferedSection } from './read-answer.ts'
import { offeredProtocol, parsed, sectionsOf } from './read-descriptions.ts'
import { OwnKeys } from './own-keys.ts'
import { wipeUntaken } from './their-keys.ts'
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

type Answer = Omit<Parameters<MediaPort['takeAnswer']>[0], 'call'>

export class CallMedia {
  readonly #call: CallId
  readonly #ports: CallMediaPorts
  readonly #plan: MediaPlan
  readonly #rules: KeyRules
  readonly #branches: CallBranches
  /** Of the Hellos that our descriptions announce, by place. */
  readonly #chains = new Map<number, HashChain>()
  readonly #ownKeys: OwnKeys
  #offered: readonly OfferedSection[] = []
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
    this.#ownKeys = new OwnKeys(ports.random)
    this.#branches = new CallBranches((tag) => this.#newBranch(tag))
  }

  /** `tag` is asked for with each event: the first branch gets its own only with its answer. */
  #newBranch(tag: () => string | null): CallBranch {
    const { raise } = this.#ports
    const facts = { call: this.#call, plan: this.#plan, rules: this.#rules }
    return new CallBranch(
      { ...facts, chainFor: (place) => this.#chainFor(place), ownKeys: this.#ownKeys },
      {
        ...this.#ports,
        raise: (event) => {
          const branch = tag()
          raise({ ...event, call: this.#call, ...(branch === null ? {} : { branch }) })
        },
        iceFor: (role, handlers) => this.#iceFor(role, handlers),
      },
    )
  }

  #chainFor(place: number): HashChain {
    const chain = this.#chains.get(place) ?? newHashChain(this.#ports.random)
    this.#chains.set(place, chain)
    return chain
  }

  /** Sockets are made with the first branch; others find their own peers through them. */
  #iceFor(role: IceRole, handlers: BranchIceHandlers): { readonly sockets: CallIce; readonly ice: BranchIce } {
    if (this.#ice !== null) return { sockets: this.#ice, ice: this.#ice.fork(handlers) }
    const { hideAddress, localHost } = this.#plan
    const onMedia = (arrival: MediaArrival): void => this.#arrived(arrival)
    const sockets = new CallIce({ ...this.#ports, role, hideAddress, localHost, onMedia })
    this.#ice = sockets
    return { sockets, ice: sockets.first(handlers) }
  }

  #arrived(arrival: MediaArrival): void {
    const { all, lead, isEarly } = this.#branches
    if (isEarly) deliver(arrival, all)
    else lead.router.fromNetwork(arrival, arrival.validated)
  }

  async offer(rendererSdp: string): Promise<MediaOutcome<{ networkSdp: string }>> {
    const refusal = await this.#prepareOffer(rendererSdp)
    return refusal === null ? this.#describe('offer') : err(refusal)
  }

  async #prepareOffer(rendererSdp: string): Promise<MediaRefusal | null> {
    const branch = this.#branches.lead
    const renderer = await branch.takeRendererOffer(rendererSdp)
    if (renderer === null) return 'engine'
    for (const media of renderer.media) {
      const section = await branch.sectionFor(media, 'controlling')
      if (section === null) return 'no-path'
      const keys = branch.offerKeys
      section.codecs = offerCodecs(media.kind, media.codecs, keys === 'dtls')
      section.protocol = offeredProtocol(keys)
      section.rtcpMux = true
      if (keys !== 'dtls' && allowsSdes(this.#rules)) section.sdes ??= this.#ownKeys.fresh(null)
    }
    return branch.sections.every(({ codecs }) => codecs.pairs.length === 0) ? 'no-common-codec' : null
  }

  async takeAnswer({ branch: tag, sdp, early = false, ...rest }: Answer): Promise<MediaOutcome<MediaAnswer>> {
    const session = parsed(sdp)
    if (session === null) return err('malformed')
    const described = sectionsOf(session)
    const outcome = await this.#takeDescribed(described, { branch: tag, early, ...rest })
    this.#wipeUnused(described)
    return outcome
  }

  async #takeDescribed(
    described: readonly (RtpMedia | null)[],
    { branch: tag, early, rendererSdp }: Omit<Answer, 'sdp'> & { readonly early: boolean },
  ): Promise<MediaOutcome<MediaAnswer>> {
    const answered = readAnswer(described, this.#offered, { plan: this.#plan, rules: this.#rules })
    if (typeof answered === 'string') return err(answered)
    const branch = this.#branches.of(tag) ?? (await this.#fork(tag, early, rendererSdp))
    if (branch === null || this.#isOver) return err('engine')
    const giveBack = this.#branches.take(tag, branch)
    const refusal = branch.applyAnswer(answered)
    if (refusal !== null) {
      giveBack()
      return err(refusal)
    }
    for (const other of this.#branches.all) if (other !== branch) other.giveWay(branch)
    if (!early) this.#settle(branch)
    return ok(branch.outcome(null))
  }

  /** One more branch, on the leg whose renderer made `rendererSdp`; null where there are too many, or the leg will not do. */
  async #fork(tag: string | null, early: boolean, rendererSdp: string | undefined): Promise<CallBranch | null> {
    if (rendererSdp === undefined || !this.#branches.mayFork(early)) return null
    const first = this.#branches.lead.leg.offer
    const branch = this.#branches.add(tag)
    const renderer = await branch.takeRendererOffer(rendererSdp)
    // The offer named one certificate for all of them.
    const isUsable = renderer?.transport.fingerprint.value === first?.transport.fingerprint.value
    if (renderer !== null && isUsable && !this.#isOver && !this.#branches.shareSsrc(branch)) {
      branch.joinOffer(this.#offered, renderer)
      branch.pause(this.#held)
      return branch
    }
    this.#branches.remove(branch)
    return null
  }

  /** The branch that is the call from now on. */
  #settle(branch: CallBranch): void {
    this.#branches.settle(branch)
    if (branch.ice !== null) this.#ice?.settle(branch.ice)
  }

  async answer(sdp: string, rendererSdp: string | null): Promise<MediaOutcome<MediaAnswer>> {
    const branch = this.#branches.lead
    const session = parsed(sdp)
    const renderer = rendererSdp === null ? branch.leg.offer : await branch.takeRendererOffer(rendererSdp)
    if (session === null) return err('malformed')
    if (renderer === null) return err('engine')
    const refusal = await branch.applyOffer(session, renderer)
    this.#wipeUnused([])
    if (refusal !== null) return err(refusal)
    const description = this.#describe('answer')
    return description.ok ? ok(branch.outcome(description.value.networkSdp)) : description
  }

  async reoffer(request: {
    readonly held: boolean
    readonly rendererSdp: string | null
    readonly video: boolean
    readonly restart: boolean
    readonly newKeys?: boolean
  }): Promise<MediaOutcome<{ networkSdp: string }>> {
    this.#hold(request.held)
    if (request.newKeys === true) this.#branches.lead.renewKeys()
    if (request.restart) await this.#ice?.restart('controlling')
    if (request.rendererSdp !== null) {
      const refusal = await this.#prepareOffer(request.rendererSdp)
      if (refusal !== null) return err(refusal)
    }
    this.#branches.lead.setVideo(request.video)
    return this.#describe('offer')
  }

  /** Our last offer was refused; the renderer's answer, where it waits for one. */
  takeBack({ held, video }: { readonly held: boolean; readonly video: boolean }): string | null {
    const { lead } = this.#branches
    this.#hold(held)
    lead.setVideo(video)
    this.#ice?.abandonRestart()
    return lead.leg.answer(lead.sections)
  }

  /** Whoever is put on hold hears nothing from this moment, not from the answer on. */
  #hold(held: boolean): void {
    this.#held = held
    for (const branch of this.#branches.all) branch.pause(held)
  }

  provideSecrets(secrets: ZrtpPeerSecrets | null, tag: string | null): void {
    this.#branches.named(tag)?.provideSecrets(secrets)
  }

  /** What the user found when comparing. */
  compared(equal: boolean): void {
    if (equal) this.#branches.lead.compared()
  }

  sendDigit(digit: string): void {
    this.#branches.lead.sectionOf('audio')?.stream.sendDigit(digit)
  }

  network(): CallNetworkView {
    return this.#branches.lead.network()
  }

  close(): void {
    this.#isOver = true
    this.#branches.close()
    this.#ice?.close()
    for (const { h0, h1, h2 } of this.#chains.values()) wipe(h0, h1, h2)
    this.#ownKeys.close()
  }

  /** Keys that nothing has any more: replaced ones of ours, and those of `described` that no section took. */
  #wipeUnused(described: readonly (RtpMedia | null)[]): void {
    const { all } = this.#branches
    const keyings = all.flatMap((branch) => branch.keyings)
    this.#ownKeys.keepOnly([...all.flatMap(({ sections }) => sections), ...this.#offered.map(({ sdes }) => ({ sdes }))])
    wipeUntaken(described, keyings)
  }

  #describe(role: 'offer' | 'answer'): MediaOutcome<{ networkSdp: string }> {
    return this.#isOver ? err('engine') : this.#descriptionAs(role)
  }

  #descriptionAs(role: 'offer' | 'answer'): MediaOutcome<{ networkSdp: string }> {
    const { hideAddress, localHost } = this.#plan
    const { leg, sections, refused, places, offerKeys } = this.#branches.lead
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
    if (role === 'offer') this.#offered = sections.map((section) => ({ ...section }))
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
