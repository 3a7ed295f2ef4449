/** Every bound of who may talk to the replica on one screen. Sizes in bytes, times in milliseconds. */
export interface AccessLimits {
  readonly challengeMs: number
  /** Accepted requests that are remembered so that none is accepted twice. */
  readonly seenRequests: number
  /** Chains that are kept in memory once read. */
  readonly cachedChains: number
  /** Links of one account, branches included; below the number that readers of a chain look at. */
  readonly links: number
  /** How many of them are left for links signed by the paper key. */
  readonly linksForPaper: number
  /** Links of one account that stand beside another one after the same link. */
  readonly forkedLinks: number
  /** Epoch boxes of one account. */
  readonly boxes: number
  /** How long an erasure is announced to the devices that nobody of them asked for. */
  readonly erasureNoticeMs: number
  /** So soon after a device said that the history stays nobody asks anew. */
  readonly erasureQuietMs: number
}

export const defaultAccessLimits: AccessLimits = {
  challengeMs: 300_000,
  seenRequests: 65_536,
  cachedChains: 2_000,
  links: 8_000,
  linksForPaper: 64,
  forkedLinks: 8,
  boxes: 8_192,
  erasureNoticeMs: 14 * 86_400_000,
  erasureQuietMs: 86_400_000,
}
