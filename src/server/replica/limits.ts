import { defaultAccessLimits, type AccessLimits } from './access/limits.ts'
import { blobPartBytes, maxBatchBytes, maxBlobBytes } from '#shared/replication/api.ts'

/** Every bound of the replica's service on one screen, beside who may talk to it (`access/limits.ts`). Sizes in bytes, times in milliseconds. */
export interface ReplicaLimits extends AccessLimits {
  /** Batches that one account may have. */
  readonly accountBytes: number
  /** Blobs that one account may have, one of them, and what of it comes at once. */
  readonly accountBlobBytes: number
  readonly blobBytes: number
  readonly blobPartBytes: number
  /** Days that a batch or a blob is kept; whole days of receipt are dropped after them. */
  readonly retentionDays: number
  /** So long is known which accounts were erased: no backup is kept longer. */
  readonly erasureListMs: number
  /** Requests of one address, and its wrong signatures, tokens and passwords. */
  readonly httpRequestsPerMinute: number
  readonly httpFailuresPerMinute: number
  /** Signed requests of one account: at once, and per second in the long run; accounts that are counted. */
  readonly accountBurst: number
  readonly accountRequestsPerSecond: number
  readonly countedAccounts: number
  /** Signed requests at work, of all accounts and of one; each may hold a body, or a page of batches. */
  readonly requestsAtWork: number
  readonly requestsAtWorkPerAccount: number
  /** Requests at work that nobody signed, of all addresses and of one. */
  readonly strangersAtWork: number
  readonly strangersAtWorkPerAddress: number
  /** A body must have come, and an answer must have been fetched, by then. */
  readonly bodyMs: number
  readonly answerMs: number
  /** How long what runs may take to end once the server stops. */
  readonly stopMs: number
  /** What somebody is told to wait who comes when there is no room, seconds. */
  readonly retryAfterSeconds: number
  readonly batchBytes: number
  readonly openingBytes: number
  readonly linkBytes: number
  readonly boxesBytes: number
  readonly cursorBytes: number
  readonly hashesBytes: number
  /** WebSockets that wait for news, of all accounts and of one. */
  readonly listeners: number
  readonly listenersPerAccount: number
  /** One is told at most once in so long; a listener that answers no ping for the idle time is closed. */
  readonly newsQuietMs: number
  readonly newsPingMs: number
  readonly newsIdleMs: number
  readonly newsMessageBytes: number
}

export const defaultReplicaLimits: ReplicaLimits = {
  ...defaultAccessLimits,
  accountBytes: 2_147_483_648,
  accountBlobBytes: 2_147_483_648,
  blobBytes: maxBlobBytes,
  blobPartBytes,
  retentionDays: 60,
  erasureListMs: 67 * 86_400_000,
  httpRequestsPerMinute: 6_000,
  httpFailuresPerMinute: 60,
  accountBurst: 1_000,
  accountRequestsPerSecond: 50,
  countedAccounts: 20_000,
  requestsAtWork: 64,
  requestsAtWorkPerAccount: 8,
  strangersAtWork: 32,
  strangersAtWorkPerAddress: 8,
  bodyMs: 60_000,
  answerMs: 60_000,
  stopMs: 5_000,
  retryAfterSeconds: 2,
  batchBytes: maxBatchBytes,
  openingBytes: 262_144,
  linkBytes: 16_384,
  boxesBytes: 1_310_720,
  cursorBytes: 16_384,
  hashesBytes: 65_536,
  listeners: 4_096,
  listenersPerAccount: 64,
  newsQuietMs: 100,
  newsPingMs: 60_000,
  newsIdleMs: 180_000,
  newsMessageBytes: 128,
}
