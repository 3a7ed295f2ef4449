/** Whether captured media may leave and heard media may be played: policy against the state of the keys (issue: offer and policy). */
import { allowsClear, effectivePolicy, type Keying, type KeyRules } from '../description/keying.ts'

/** `absent`: the other side never said Hello; `failed`: it did, and no keys came of it. */
export type ZrtpState = 'off' | 'running' | 'secure' | 'absent' | 'failed'

export interface Gate {
  readonly mayLeave: boolean
  readonly mayPlay: boolean
  /** The call must end for this reason. */
  readonly end: 'refuses-encryption' | 'keys-failed' | null
  /** Media runs in clear, and the user must hear of it. */
  readonly announceClear: boolean
}

const open: Gate = { mayLeave: true, mayPlay: true, end: null, announceClear: false }
const shut: Gate = { mayLeave: false, mayPlay: false, end: null, announceClear: false }

/** The gate of one stream. */
export function gateOf(rules: KeyRules, keying: Keying['kind'], zrtp: ZrtpState): Gate {
  if (zrtp === 'secure') return open
  return keying !== 'clear' && effectivePolicy(rules) !== 'zrtp-required' ? open : waiting(rules, zrtp)
}

function waiting(rules: KeyRules, zrtp: ZrtpState): Gate {
  const isAny = effectivePolicy(rules) === 'any'
  if (zrtp === 'running') return { ...shut, mayLeave: isAny, mayPlay: allowsClear(rules) }
  if (zrtp === 'failed') return isAny ? { ...open, announceClear: true } : { ...shut, end: 'keys-failed' }
  return allowsClear(rules) ? { ...open, announceClear: true } : { ...shut, end: 'refuses-encryption' }
}
