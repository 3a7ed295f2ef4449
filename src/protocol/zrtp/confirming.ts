/** What both sides do with a Confirm (RFC 6189 §4.6, §5.7). */
import type { StreamCore } from './core.ts'
import { keepForEver, openConfirm, sealConfirm, type Confirm } from './confirm.ts'
import type { ZrtpFailure } from './events.ts'
import { confirmKeysOf, type Established } from './exchange.ts'
import { hasImplicitMac, implicitHash, isPreimage } from './implicit.ts'
import { errorCodes } from './message.ts'

/** What the peer's H0 has to fit: an earlier image of its chain, and the MAC of the message that came before it. */
export interface ChainLink {
  readonly image: Uint8Array
  /** Hashes from H0 to the image: 1 to H1, 2 to H2, 3 to H3. */
  readonly distance: 1 | 2 | 3
  readonly message: Uint8Array
  readonly altered: ZrtpFailure
}

/** Our Confirm, sealed. */
export function makeConfirm(core: StreamCore, type: 'Confirm1' | 'Confirm2', established: Established): Uint8Array {
  const isFirst = established.call !== null
  const confirm: Confirm = {
    h0: core.chain.h0,
    pbxEnrollment: false,
    sasVerified: wasVerified(core, established),
    allowClear: false,
    disclosure: false,
    cacheExpiration: isFirst ? core.options.cacheExpiration : keepForEver,
  }
  return sealConfirm(type, confirm, confirmKeysOf(established, established.own), core.options.random.bytes(16))
}

/** Whether our user compared the SAS earlier, and the secret of that call is the one both sides have. */
export function wasVerified(core: StreamCore, { cache }: Established): boolean {
  return cache === 'match' && core.known?.retained?.sasVerified === true
}

/** The peer's Confirm, or null: forged ones are left aside, an authentic one that does not fit the chain ends it. */
export function readConfirm(
  core: StreamCore,
  established: Established,
  link: ChainLink,
  message: Uint8Array,
): Confirm | null {
  const confirm = openConfirm(message, confirmKeysOf(established, established.peer))
  if (confirm === null) {
    core.alarm('confirm-forged')
    core.suspect('confirm-forged', errorCodes.confirmMac)
    return null
  }
  core.trust()
  const failure = judgeLink(confirm.h0, link)
  if (failure === null) return confirm
  core.fail(failure, errorCodes.software)
  return null
}

function judgeLink(h0: Uint8Array, { image, distance, message, altered }: ChainLink): ZrtpFailure | null {
  if (!isPreimage(h0, image, distance)) return 'hash-chain-broken'
  // The MAC of a message is keyed by the image before the one that the message carries.
  let key = h0
  for (let step = 1; step < distance; step += 1) key = implicitHash(key)
  return hasImplicitMac(key, message) ? null : altered
}
