/** Which keys a section may use: the policy of the user against what a description offers (design §9; issue: offer and policy). */
import type { CallPolicy } from '#shared/model/calls.ts'
import type { RtpMedia } from '#protocol/sdp/rtp-media.ts'
import type { SecurityDescription } from '#protocol/sdp/security-descriptions.ts'

/** What the user's policy and what is known of the contact allow. */
export interface KeyRules {
  readonly policy: CallPolicy
  /** Every hop of the signalling that we know of is encrypted. */
  readonly signallingSecure: boolean
  /** A device of this contact was compared before: nothing below ZRTP without the user's own choice. */
  readonly verified: boolean
  /** The user chose DTLS-SRTP for this call. */
  readonly choseDtls: boolean
}

/** How a section is keyed at the start; `zrtp` says whether a ZRTP handshake is tried on it. */
export type Keying =
  | { readonly kind: 'clear'; readonly zrtp: true }
  | { readonly kind: 'sdes'; readonly zrtp: boolean; readonly description: SecurityDescription }
  | { readonly kind: 'dtls'; readonly zrtp: false }

export type KeyRefusal = 'needs-encryption' | 'refuses-encryption' | 'downgrade'

/** The policy that counts: what was verified once is not given up silently, and no choice goes below the policy's floor. */
export function effectivePolicy({ policy, verified, choseDtls }: KeyRules): CallPolicy | 'dtls' {
  if (policy === 'zrtp-required') return 'zrtp-required'
  if (choseDtls) return 'dtls'
  return verified ? 'zrtp-required' : policy
}

/** Whether SDES keys may be offered or taken. */
export function allowsSdes(rules: KeyRules): boolean {
  const policy = effectivePolicy(rules)
  return policy === 'any' || ((policy === 'sdes-over-tls' || policy === 'zrtp-preferred') && rules.signallingSecure)
}

/** Whether captured media may ever leave in clear. */
export function allowsClear(rules: KeyRules): boolean {
  const policy = effectivePolicy(rules)
  return policy === 'any' || policy === 'zrtp-preferred'
}

/** The keys for an offered section, or why none of them will do. */
export function chooseKeying(media: RtpMedia, rules: KeyRules): Keying | KeyRefusal {
  const refusal: KeyRefusal = rules.verified && !rules.choseDtls ? 'downgrade' : 'needs-encryption'
  if (media.overDtls) return dtlsKeying(media, rules) ?? refusal
  const [description] = media.crypto
  const zrtp = media.zrtpHash !== null
  if (description !== undefined && allowsSdes(rules) && (media.secure || !zrtp))
    return { kind: 'sdes', zrtp: zrtp || !media.secure, description }
  if (media.secure || effectivePolicy(rules) === 'dtls') return refusal
  return { kind: 'clear', zrtp: true }
}

function dtlsKeying(media: RtpMedia, rules: KeyRules): Keying | null {
  const allowed = effectivePolicy(rules) !== 'zrtp-required'
  return allowed && media.fingerprint !== null ? { kind: 'dtls', zrtp: false } : null
}

/** What we offered, as far as keys go. */
export interface OfferedKeys {
  readonly kind: 'zrtp' | 'sdes' | 'dtls'
  readonly descriptions: readonly SecurityDescription[]
}

/** The keys of an answered section; `theirs` is the answerer's crypto line, ours has the same tag. */
export function answeredKeying(media: RtpMedia, offered: OfferedKeys, rules: KeyRules): Keying | KeyRefusal {
  if (offered.kind === 'dtls') return dtlsKeying(media, rules) ?? 'refuses-encryption'
  const [description] = media.crypto
  const ours = offered.descriptions.find(({ tag }) => tag === description?.tag)
  const isOurs = ours !== undefined && ours.suite === description?.suite
  if (description !== undefined && isOurs && allowsSdes(rules))
    return { kind: 'sdes', zrtp: media.zrtpHash !== null, description }
  if (offered.kind === 'sdes' || media.secure) return 'refuses-encryption'
  return { kind: 'clear', zrtp: true }
}

/**
 * Whether a section that is keyed one way may go on another: what protects it is not given up for less, and DTLS-SRTP, which the
 * engine ends, neither comes nor goes.
 */
export function mayFollow(before: Keying | null, now: Keying, isZrtpSecure: boolean): boolean {
  if (before === null) return true
  if ((before.kind === 'dtls') !== (now.kind === 'dtls')) return false
  return isZrtpSecure || before.kind !== 'sdes' || now.kind === 'sdes'
}
