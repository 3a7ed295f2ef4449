/** What an offered section and ours have in common: keys that the policy takes, and codecs. Pure. */
import type { RtpMedia } from '#protocol/sdp/rtp-media.ts'
import type { SdpSession } from '#protocol/sdp/session.ts'
import { answerCodecs, type CodecChoice } from '../description/codecs.ts'
import { chooseKeying, mayFollow, type Keying, type KeyRules } from '../description/keying.ts'
import type { RendererMedia, RendererOffer } from '../loopback/renderer-description.ts'
import type { MediaRefusal } from '../media-port.ts'
import { isReachable, type Section } from './section.ts'

export interface Agreement {
  readonly remote: RtpMedia
  readonly mine: RendererMedia
  readonly keying: Keying
  readonly codecs: CodecChoice
}

function agreeOn(remote: RtpMedia, renderer: RendererOffer, rules: KeyRules): Agreement | MediaRefusal {
  const mine = renderer.media.find(({ kind }) => kind === remote.kind)
  const keying = chooseKeying(remote, rules)
  if (typeof keying === 'string') return keying
  const codecs = answerCodecs(remote, mine?.codecs ?? [])
  return mine === undefined || codecs.pairs.length === 0 ? 'no-common-codec' : { remote, mine, keying, codecs }
}

/** What the sections of an offer are judged by. */
export interface OfferContext {
  readonly renderer: RendererOffer
  readonly rules: KeyRules
  /** Those that are there already. */
  readonly sections: readonly Section[]
}

/** A verdict on each section of an offer, by place; nothing is changed by it, so that a refused offer leaves all as it was. */
export function judgeOffer(
  offered: readonly (RtpMedia | null)[],
  context: OfferContext,
): readonly (Agreement | MediaRefusal)[] {
  const taken: Agreement[] = []
  return offered.map((remote, place) => {
    const verdict = remote === null ? 'no-common-codec' : judgeSection(remote, place, { ...context, taken })
    if (typeof verdict !== 'string') taken.push(verdict)
    return verdict
  })
}

function judgeSection(
  remote: RtpMedia,
  place: number,
  context: OfferContext & { readonly taken: readonly Agreement[] },
): Agreement | MediaRefusal {
  const { renderer, rules, sections, taken } = context
  const known = sections.find((section) => section.place === place)
  const kinds = known === undefined ? [...sections, ...taken.map((one) => one.remote)].map(({ kind }) => kind) : []
  const isInPlace = known === undefined || known.kind === remote.kind
  // One section of each kind, and each keeps its place.
  if (remote.port === 0 || !isInPlace || kinds.includes(remote.kind)) return 'no-common-codec'
  const agreed = agreeOn(remote, renderer, rules)
  if (typeof agreed === 'string') return agreed
  const first = taken.find(({ keying }) => keying.kind === 'dtls')
  if (first !== undefined && !areBundled(first.remote, remote)) return 'no-common-codec'
  if (first === undefined && !isReachable(remote)) return 'no-path'
  return keepsKeys(agreed.keying, known, context) ? agreed : 'downgrade'
}

/** Whether two sections can share a transport, as they must under DTLS-SRTP: the engine has one association for everything. */
export function areBundled(first: RtpMedia, other: RtpMedia): boolean {
  return first.bundleTag !== null && first.bundleTag === other.bundleTag
}

/** The engine has one connection for all sections: DTLS-SRTP is for all of them, or for none. */
function keepsKeys(
  keying: Keying,
  known: Section | undefined,
  { sections, taken }: OfferContext & { readonly taken: readonly Agreement[] },
): boolean {
  const others = [...sections, ...taken].map((one) => one.keying).filter((one) => one !== null)
  const isAlike = others.every(({ kind }) => (kind === 'dtls') === (keying.kind === 'dtls'))
  return isAlike && mayFollow(known?.keying ?? null, keying, known?.zrtpState === 'secure')
}

/** Why none of the sections of sound will do. */
export function refusalOf(session: SdpSession, verdicts: readonly (Agreement | MediaRefusal)[]): MediaRefusal {
  const refusals = verdicts.filter((_verdict, place) => session.media[place]?.kind === 'audio')
  return refusals.findLast((verdict) => typeof verdict === 'string') ?? 'no-common-codec'
}
