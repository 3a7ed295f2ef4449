/** What an offered section and ours have in common: keys that the policy takes, and codecs. Pure. */
import type { RtpMedia } from '#protocol/sdp/rtp-media.ts'
import { answerCodecs, type CodecChoice } from '../description/codecs.ts'
import { chooseKeying, type Keying, type KeyRules } from '../description/keying.ts'
import type { RendererMedia, RendererOffer } from '../loopback/renderer-description.ts'
import type { MediaRefusal } from '../media-port.ts'
import type { Section } from './section.ts'

export interface Agreement {
  readonly remote: RtpMedia
  readonly mine: RendererMedia
  readonly keying: Keying
  readonly codecs: CodecChoice
}

export function agreeOn(remote: RtpMedia, renderer: RendererOffer, rules: KeyRules): Agreement | MediaRefusal {
  const mine = renderer.media.find(({ kind }) => kind === remote.kind)
  const keying = chooseKeying(remote, rules)
  if (typeof keying === 'string') return keying
  const codecs = answerCodecs(remote, mine?.codecs ?? [])
  return mine === undefined || codecs.pairs.length === 0 ? 'no-common-codec' : { remote, mine, keying, codecs }
}

/** One section of each kind, and each keeps its place. */
export function mayTake({ kind }: RtpMedia, known: Section | undefined, all: readonly Section[]): boolean {
  return known === undefined ? all.every((section) => section.kind !== kind) : known.kind === kind
}
