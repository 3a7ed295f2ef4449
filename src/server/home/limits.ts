/** Every bound of the home server outside proxy and relay on one screen. Sizes in bytes, times in milliseconds. */
export interface HomeLimits {
  readonly connections: number
  readonly connectionsPerAddress: number
  /** TLS and WebSocket handshakes, and the head of an HTTP request, must be complete by then. */
  readonly handshakeMs: number
  /** A whole HTTP request must be there by then: a batch over a slow line takes its time. */
  readonly httpRequestMs: number
  readonly httpRequestsPerConnection: number
  /** A WebSocket or stream on which nothing came for so long is closed (clients ping every 30 s or so). */
  readonly idleMs: number
  /** MSRP has no pings: a quiet chat session is not an abandoned one. */
  readonly msrpIdleMs: number
  readonly webSocketMessageBytes: number
  readonly webSocketPingMs: number
  readonly udpFlows: number
  readonly udpIdleMs: number
  /** New connections per address: burst, and how many come back per second. */
  readonly connectBurst: number
  readonly connectsPerSecond: number
  readonly httpBodyBytes: number
  readonly httpRequestsPerMinute: number
  /** Wrong tokens, codes and passwords on HTTPS per address and minute. */
  readonly httpFailuresPerMinute: number
  readonly accounts: number
  readonly invitations: number
  readonly invitationMs: number
  readonly mailboxMessagesPerUser: number
  readonly mailboxBytesPerUser: number
  /** Share of one sender in one mailbox. */
  readonly mailboxMessagesPerSender: number
  readonly mailboxBytesPerSender: number
  readonly mailboxBytes: number
  readonly devicesPerUser: number
  /** Days a device counts as in use and a message waits (design: retention). */
  readonly retentionDays: number
  readonly controlConnections: number
}

export const defaultHomeLimits: HomeLimits = {
  connections: 2_048,
  connectionsPerAddress: 512,
  handshakeMs: 10_000,
  httpRequestMs: 60_000,
  httpRequestsPerConnection: 1_000,
  idleMs: 300_000,
  msrpIdleMs: 7_200_000,
  webSocketMessageBytes: 1_114_112,
  webSocketPingMs: 60_000,
  udpFlows: 512,
  udpIdleMs: 900_000,
  connectBurst: 200,
  connectsPerSecond: 50,
  httpBodyBytes: 16_384,
  httpRequestsPerMinute: 600,
  httpFailuresPerMinute: 20,
  accounts: 10_000,
  invitations: 64,
  invitationMs: 24 * 3_600_000,
  mailboxMessagesPerUser: 10_000,
  mailboxBytesPerUser: 67_108_864,
  mailboxMessagesPerSender: 5_000,
  mailboxBytesPerSender: 33_554_432,
  mailboxBytes: 2_147_483_648,
  devicesPerUser: 16,
  retentionDays: 60,
  controlConnections: 64,
}
