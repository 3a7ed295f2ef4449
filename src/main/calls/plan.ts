/** What a call may offer and take: account, contact and what is known of them, asked once before anything is sent. */
import { SottoError } from '#shared/errors.ts'
import type { CallPolicy } from '#shared/model/calls.ts'
import type { MediaKeys, MediaPlan } from '#main/media/media-port.ts'
import type { CallAccount, CallPeer, CallTrustPort } from './ports.ts'

export interface PlanWishes {
  readonly video: boolean
  readonly choseDtls: boolean
  /** The user lets the other side learn our address although it should be hidden. */
  readonly showAddress: boolean
  readonly localHost: string
  /** Keys of the call that this one takes the place of; null = none. */
  readonly floor?: MediaKeys['method'] | null
}

/** Whether the whole call must run through a relay. */
export function hidesAddress(account: CallAccount, peer: CallPeer): boolean {
  if (account.hideAddress === 'everyone') return true
  return account.hideAddress === 'strangers' && peer.policy !== 'accepted'
}

/** @throws SottoError `address-would-show` when the address should be hidden and there is no relay to hide behind. */
export async function planOf(
  account: CallAccount,
  peer: CallPeer,
  trust: CallTrustPort,
  wishes: PlanWishes,
): Promise<MediaPlan> {
  const hideAddress = hidesAddress(account, peer) && !wishes.showAddress
  if (hideAddress && account.relay === null) throw new SottoError('address-would-show')
  const [zid, verified, last] = await Promise.all([
    trust.zid(account.aor),
    trust.isVerified(account.aor, peer.aor),
    trust.lastKeys(account.aor, peer.aor),
  ])
  const own = peer.callPolicy ?? account.callPolicy
  const policy = policyAbove(own, wishes.floor ?? null)
  // Keys that servers could read are no successor of keys that they could not.
  const isSdesBelow = wishes.floor === 'dtls' || wishes.floor === 'zrtp'
  const signallingSecure = (account.transport === 'wss' || account.transport === 'tls') && !isSdesBelow
  // The floor of the policy is the floor of the user's choice for one call, too.
  const choseDtls = wishes.choseDtls && policy !== 'zrtp-required'
  return {
    ...{ policy, signallingSecure, verified, choseDtls },
    offer: choseDtls ? 'dtls' : offerKeys({ policy, verified, signallingSecure }, last),
    video: wishes.video,
    hideAddress,
    relay: account.relay,
    localHost: wishes.localHost,
    zid,
  }
}

/** The policy that lets nothing in that is less than the keys of the call before. */
function policyAbove(policy: CallPolicy, floor: MediaKeys['method'] | null): CallPolicy {
  if (policy === 'zrtp-required' || floor === 'zrtp') return 'zrtp-required'
  return floor === 'dtls' || floor === 'sdes' ? 'sdes-over-tls' : policy
}

type Allowed = Pick<MediaPlan, 'policy' | 'verified' | 'signallingSecure'>
type OfferKeys = MediaPlan['offer']

/** What last worked, where the policy still lets it; ZRTP otherwise. */
function offerKeys(allowed: Allowed, last: OfferKeys | null): OfferKeys {
  return last !== null && mayOffer(last, allowed) ? last : 'zrtp'
}

function mayOffer(keys: OfferKeys, { policy, verified, signallingSecure }: Allowed): boolean {
  if (keys === 'zrtp') return true
  if (verified || policy === 'zrtp-required') return false
  return keys === 'dtls' || signallingSecure || policy === 'any'
}

/** Strongest first. SDES stands in the description, DTLS only as a fingerprint. */
const byStrength: readonly OfferKeys[] = ['zrtp', 'dtls', 'sdes']

/** Keys of one more INVITE after those that were offered were refused; null where the policy leaves none. Each is offered once. */
export function nextOffer(plan: MediaPlan, offered: readonly OfferKeys[]): OfferKeys | null {
  // What the user chose is what the user gets.
  if (plan.choseDtls) return null
  return byStrength.find((keys) => !offered.includes(keys) && mayOffer(keys, plan)) ?? null
}

/** Keys that were learned to work are offered first this long; then ZRTP gets another chance (docs/decisions/0005). */
const memoryMs = 30 * 24 * 3_600_000

/** Whether keys that were learned at a time are still worth offering first. Times in ms. */
export function stillCounts(learnedAt: number, now: number): boolean {
  return now - learnedAt < memoryMs
}

/**
 * What a call teaches of the contact, once its keys are agreed. `offered`: the keys of an outgoing call's INVITEs, the last one taken;
 * null for the other side's own offer. Null = nothing new: offers out of memory do not renew it, and a choice for one call is none.
 */
export function lessonOf(
  method: MediaKeys['method'],
  offered: readonly OfferKeys[] | null,
): OfferKeys | 'as-before' | null {
  if (offered === null) return method === 'none' ? null : method
  const taken = offered.at(-1)
  if (taken === undefined || (taken !== 'zrtp' && offered.length === 1)) return null
  return taken === 'zrtp' && method === 'none' ? 'as-before' : taken
}
