/** Which ways to unlock are offered, and which first; pure. */
import type { AppView, RungStates } from '#shared/model/views.ts'

export type Way = 'keychain' | 'passphrase' | 'paper-secret'

const states = {
  keychain: 'keychain',
  passphrase: 'passphrase',
  'paper-secret': 'paperSecret',
} as const satisfies Record<Way, keyof RungStates>
const all: readonly Way[] = ['keychain', 'passphrase', 'paper-secret']

type Ladder = Pick<AppView, 'rungs' | 'keychain' | 'keychainFailure'>

/** What is set up and may open; where not even that can be read, everything that is typed, whose failure says more. */
export function offeredWays({ rungs, keychain }: Ladder): readonly Way[] {
  const offered = all.filter((way) => rungs[states[way]] === 'set' && (way !== 'keychain' || keychain === 'available'))
  return offered.length > 0 ? offered : ['passphrase', 'paper-secret']
}

/** The way to begin with: what asks for the least, but for what just failed. */
export function firstWay(ladder: Ladder, failed: Way | null = null): Way {
  const offered = offeredWays(ladder)
  const unlikely = failed ?? (ladder.keychainFailure === null ? null : 'keychain')
  return offered.find((way) => way !== unlikely) ?? offered[0] ?? 'passphrase'
}

/** Ways that are there and cannot be read any more. */
export function damagedWays(rungs: RungStates): readonly Way[] {
  return all.filter((way) => rungs[states[way]] === 'damaged')
}
