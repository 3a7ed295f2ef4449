/**
 * When a device tells the others of the person how far it is: soon after each registration, when another one is back, and hourly (pure).
 *
 * `away`: not registered. `waiting`: registered, and the next heads go out at `dueAt`.
 */
export type HeadsSchedule =
  | { readonly kind: 'away'; readonly sentAt: number | null }
  | { readonly kind: 'waiting'; readonly sentAt: number | null; readonly dueAt: number }

/**
 * `returned`: another device is back, which heard nothing meanwhile. `not-now`: chain, key or server were not ready; `off`: the account does not
 * replicate.
 */
export type HeadsEvent = 'registered' | 'lost' | 'returned' | 'sent' | 'not-now' | 'off'

/** Monotonic time, ms, and a number from 0 to 1. */
export interface HeadsDraw {
  readonly now: number
  readonly share: number
}

export const noHeadsSent: HeadsSchedule = { kind: 'away', sentAt: null }
/** What came meanwhile is read first, and not all devices come back at one moment, ms. */
export const settleMs = { least: 5000, spread: 10_000 }
const hourMs = 3_600_000
/** Registrations that come and go send no more often than this, ms. */
export const leastGapMs = 60_000
const againMs = 60_000
const offMs = 600_000

export function stepHeads(state: HeadsSchedule, event: HeadsEvent, { now, share }: HeadsDraw): HeadsSchedule {
  const { sentAt } = state
  if (event === 'lost') return { kind: 'away', sentAt }
  if (event === 'registered')
    return state.kind === 'waiting' ? state : { kind: 'waiting', sentAt, dueAt: soon(state, { now, share }) }
  if (event === 'returned')
    return state.kind === 'away' ? state : { ...state, dueAt: Math.min(state.dueAt, soon(state, { now, share })) }
  const known = event === 'sent' ? now : sentAt
  return state.kind === 'away'
    ? { kind: 'away', sentAt: known }
    : { kind: 'waiting', sentAt: known, dueAt: now + waitMs(event, share) }
}

function soon({ sentAt }: HeadsSchedule, { now, share }: HeadsDraw): number {
  return Math.max(now + settleMs.least + share * settleMs.spread, (sentAt ?? -Infinity) + leastGapMs)
}

function waitMs(event: 'sent' | 'not-now' | 'off', share: number): number {
  if (event === 'sent') return hourMs * (0.9 + 0.2 * share)
  return (event === 'off' ? offMs : againMs) * (1 + share)
}
