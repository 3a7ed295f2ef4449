/** Every bound of the MSRP relay. Sizes in bytes, times in milliseconds. */
export interface RelayLimits {
  readonly maxConnections: number
  /** Paths one connection may hold; each AUTH adds one, each expiry frees one. */
  readonly maxPathsPerConnection: number
  /** Bodies up to this size are forwarded as they came, longer ones in pieces of it. */
  readonly maxForwardBytes: number
  readonly maxHeadBytes: number
  /** A source is paused while its target has more than it can take; beyond this its chunks are refused. */
  readonly maxQueuedBytes: number
  /** Forwarded requests without an answer, per target. */
  readonly maxTransactions: number
  readonly transactionMs: number
  /** RFC 4976 §6.1: a connection must say something, and authenticate, within these. */
  readonly firstRequestMs: number
  readonly authenticateMs: number
  /** RFC 4976 §6.5. */
  readonly idleMs: number
  readonly maxAuthFailures: number
  readonly nonceLifeMs: number
  /** Life of a path, seconds. */
  readonly expiresSeconds: { readonly min: number; readonly usual: number; readonly max: number }
  /** Per connection; above it the source is paused until it is within again. */
  readonly rate: { readonly framesPerSecond: number; readonly bytesPerSecond: number; readonly burstSeconds: number }
}

export const defaultRelayLimits: RelayLimits = {
  maxConnections: 1024,
  maxPathsPerConnection: 256,
  maxForwardBytes: 65_536,
  maxHeadBytes: 8192,
  maxQueuedBytes: 4_194_304,
  maxTransactions: 4096,
  transactionMs: 30_000,
  firstRequestMs: 30_000,
  authenticateMs: 60_000,
  idleMs: 7_200_000,
  maxAuthFailures: 5,
  nonceLifeMs: 300_000,
  expiresSeconds: { min: 60, usual: 1800, max: 14_400 },
  rate: { framesPerSecond: 4000, bytesPerSecond: 52_428_800, burstSeconds: 4 },
}
