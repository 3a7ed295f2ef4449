/** Every bound of the proxy on one screen. Sizes in bytes, times in milliseconds unless the name says seconds. */
export interface ProxyLimits {
  /** Largest whole message on a stream or WebSocket; UDP is bounded by the datagram. */
  readonly messageBytes: number
  /** Largest message sent over UDP: a datagram's most over IPv4; what is above an MTU goes in fragments. */
  readonly datagramBytes: number
  /** A flow whose unsent bytes exceed this is closed. */
  readonly bufferedBytes: number
  readonly flows: number
  /** A flow that has not authenticated or registered by then is closed. */
  readonly unauthenticatedFlowMs: number
  /** A flow silent for this long is closed; longer than any registration. */
  readonly idleFlowMs: number
  /** A message must be complete this long after its first byte (slow senders). */
  readonly partialMessageMs: number
  /** Token buckets: steady rate per second and burst. */
  readonly flowRequestsPerSecond: number
  readonly flowRequestBurst: number
  readonly userRequestsPerSecond: number
  readonly userRequestBurst: number
  /** Wrong passwords per flow before it is closed. */
  readonly authenticationFailures: number
  readonly transactions: number
  readonly transactionsPerFlow: number
  readonly bindings: number
  readonly bindingsPerUser: number
  readonly minExpiresSeconds: number
  readonly maxExpiresSeconds: number
  readonly defaultExpiresSeconds: number
  readonly nonceSeconds: number
  readonly trackedNonces: number
  /** RFC 3261 §16.6 step 11, at least three minutes. */
  readonly timerCMs: number
  /** How long one device may take to answer a MESSAGE before its copy goes to the mailbox. */
  readonly messageBranchMs: number
  /** How long others may still answer after the first 2xx to a MESSAGE. */
  readonly messageGraceMs: number
}

export const defaultLimits: ProxyLimits = {
  messageBytes: 1_114_112,
  datagramBytes: 65_507,
  bufferedBytes: 8_388_608,
  flows: 4_096,
  unauthenticatedFlowMs: 60_000,
  idleFlowMs: 7_500_000,
  partialMessageMs: 20_000,
  flowRequestsPerSecond: 200,
  flowRequestBurst: 1_000,
  userRequestsPerSecond: 200,
  userRequestBurst: 1_000,
  authenticationFailures: 20,
  transactions: 20_000,
  transactionsPerFlow: 2_000,
  bindings: 20_000,
  bindingsPerUser: 16,
  minExpiresSeconds: 30,
  maxExpiresSeconds: 7_200,
  defaultExpiresSeconds: 600,
  nonceSeconds: 300,
  trackedNonces: 10_000,
  timerCMs: 200_000,
  messageBranchMs: 8_000,
  messageGraceMs: 1_000,
}
