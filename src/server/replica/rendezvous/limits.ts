/** Every bound of the rendezvous on one screen. Sizes in bytes, times in milliseconds. */
export interface RendezvousLimits {
  /** Slots that nobody joined yet. */
  readonly waitingMs: number
  /** Joined, but no piece comes or goes. */
  readonly idleMs: number
  /** The same of a transfer, which outlives nights. */
  readonly transferIdleMs: number
  /** How long the other end can still learn why a slot ended. */
  readonly endedMs: number
  readonly slots: number
  /** Slots for linking of one account, and its transfers. */
  readonly slotsPerAccount: number
  /** Slots for linking that one address opened. */
  readonly slotsPerAddress: number
  /** Pieces of all slots. */
  readonly bytes: number
  /** Pieces one way of one slot, the first one apart. */
  readonly laneBytes: number
  /** Requests with a token at work, held back or not: of all addresses and of one. */
  readonly requestsAtWork: number
  readonly requestsAtWorkPerAddress: number
  /** Pieces of who opened a slot that nobody joined yet: the opener is a stranger. */
  readonly strangerBytes: number
}

export const defaultRendezvousLimits: RendezvousLimits = {
  waitingMs: 120_000,
  idleMs: 600_000,
  transferIdleMs: 86_400_000,
  endedMs: 60_000,
  slots: 4_096,
  slotsPerAccount: 8,
  slotsPerAddress: 4,
  bytes: 268_435_456,
  laneBytes: 4_194_304,
  requestsAtWork: 512,
  requestsAtWorkPerAddress: 32,
  strangerBytes: 1_024,
}
