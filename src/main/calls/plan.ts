/** What a call may offer and take: account, contact and what is known of them, asked once before anything is sent. */
import { SottoError } from '#shared/errors.ts'
import type { MediaPlan } from '#main/media/media-port.ts'
import type { CallAccount, CallPeer, CallTrustPort } from './ports.ts'

export interface PlanWishes {
  readonly video: boolean
  readonly choseDtls: boolean
  /** The user lets the other side learn our address although it should be hidden. */
  readonly showAddress: boolean
  readonly localHost: string
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
  const policy = peer.callPolicy ?? account.callPolicy
  const signallingSecure = account.transport === 'wss' || account.transport === 'tls'
  // The floor of the policy is the floor of the user's choice for one call, too.
  const choseDtls = wishes.choseDtls && policy !== 'zrtp-required'
  return {
    ...{ policy, signallingSecure, verified, choseDtls },
    offer: choseDtls ? 'dtls' : offerKeys(policy, { verified, signallingSecure, last }),
    video: wishes.video,
    hideAddress,
    relay: account.relay,
    localHost: wishes.localHost,
    zid,
  }
}

/** What last worked, where the policy still lets it; ZRTP otherwise. */
function offerKeys(
  policy: MediaPlan['policy'],
  known: Pick<MediaPlan, 'verified' | 'signallingSecure'> & {
    readonly last: Awaited<ReturnType<CallTrustPort['lastKeys']>>
  },
): MediaPlan['offer'] {
  const { verified, signallingSecure, last } = known
  if (verified || policy === 'zrtp-required' || last === null) return 'zrtp'
  return last === 'sdes' && !signallingSecure && policy !== 'any' ? 'zrtp' : last
}
