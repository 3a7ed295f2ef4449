/** What an answer takes of an offer. Pure: a branch is made, or changed, only once it is known to be of use. */
import type { RtpMedia } from '#protocol/sdp/rtp-media.ts'
import { answeredCodecs, onLeg, type CodecChoice } from '../description/codecs.ts'
import { answeredKeying, mayFollow, type Keying, type KeyRules } from '../description/keying.ts'
import type { MediaPlan, MediaRefusal } from '../media-port.ts'
import { areBundled } from './agree.ts'
import { offeredKeys } from './read-descriptions.ts'
import type { RendererOffer } from '../loopback/renderer-description.ts'
import type { OwnKey, Section } from './section.ts'

/** A section as our last offer described it. */
export interface OfferedSection {
  readonly kind: 'audio' | 'video'
  readonly place: number
  readonly codecs: CodecChoice
  readonly protocol: string
  readonly sdes: OwnKey | null
  /** What it is keyed by already. */
  readonly keying: Keying | null
}

/** A section that the answer takes. */
export interface AnsweredSection {
  readonly place: number
  readonly keying: Keying
  readonly codecs: CodecChoice
  readonly media: RtpMedia
}

interface Rules {
  readonly plan: MediaPlan
  readonly rules: KeyRules
}

/** `described`: the sections of the answer. A call has sound: an answer without is refused for what is wrong with it there. */
export function readAnswer(
  described: readonly (RtpMedia | null)[],
  offered: readonly OfferedSection[],
  rules: Rules,
): readonly AnsweredSection[] | MediaRefusal {
  const taken: AnsweredSection[] = []
  for (const section of offered) {
    const answered = readSection(section, described[section.place] ?? null, rules)
    if (typeof answered !== 'string') {
      if (sharesPath(taken, answered)) taken.push(answered)
    } else if (section.kind === 'audio') return answered
  }
  return taken.length === 0 ? 'no-common-codec' : taken
}

/** Pictures on a transport of their own are nothing to an engine with one DTLS association. */
function sharesPath([first]: readonly AnsweredSection[], { keying, media }: AnsweredSection): boolean {
  return keying.kind !== 'dtls' || first === undefined || areBundled(first.media, media)
}

function readSection(
  { place, codecs: offered, sdes, keying: before }: OfferedSection,
  media: RtpMedia | null,
  { plan, rules }: Rules,
): AnsweredSection | MediaRefusal {
  if (media === null || media.port === 0) return 'no-common-codec'
  const kind = before?.kind === 'dtls' ? 'dtls' : plan.offer
  const keying = answeredKeying(media, offeredKeys(kind, sdes), rules)
  if (typeof keying === 'string') return keying
  const codecs = answeredCodecs(offered, media)
  return codecs.pairs.length === 0 ? 'no-common-codec' : { place, keying, codecs, media }
}

interface OwnAnswer {
  readonly section: Section
  readonly answer: AnsweredSection
}

/** Answered sections as a branch has them, with the formats as the renderer of its own leg numbers them. */
export function onOwnLeg(
  answered: readonly AnsweredSection[],
  sections: readonly Section[],
  renderer: RendererOffer | null,
): readonly OwnAnswer[] | MediaRefusal {
  const own = answered.flatMap((answer) => {
    const section = sections.find(({ place }) => place === answer.place)
    return section === undefined ? [] : ownAnswer(section, answer, renderer)
  })
  const kept = own.filter(({ section, answer }) =>
    mayFollow(section.keying, answer.keying, section.zrtpState === 'secure'),
  )
  if (hasSound(kept)) return kept
  return hasSound(own) ? 'downgrade' : 'no-common-codec'
}

function ownAnswer(section: Section, answer: AnsweredSection, renderer: RendererOffer | null): OwnAnswer[] {
  const media = renderer?.media.find(({ kind }) => kind === section.kind)
  if (media === undefined) return []
  const overDtls = answer.keying.kind === 'dtls'
  const codecs = onLeg(section.kind, answer.codecs, { codecs: media.codecs, overDtls })
  return codecs.pairs.length === 0 ? [] : [{ section, answer: { ...answer, codecs } }]
}

function hasSound(answers: readonly OwnAnswer[]): boolean {
  return answers.some(({ section }) => section.kind === 'audio')
}
