/** Transport of a flow as it stands in Via (RFC 3261 §20.42, RFC 7118 §5.2). */
export type FlowTransport = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss'

export interface FlowAddress {
  readonly host: string
  readonly port: number
}

/**
 * One client's way to the server and back (RFC 5626 §3.2), made by a listener and handed to `SipProxy.acceptFlow`.
 * tcp, tls: `onMessage` gives the bytes of the stream as they come, in any split; the proxy frames them and answers CRLF
 * pings. ws, wss: one call per WebSocket message. udp: one flow per remote address, one call per datagram; the listener
 * keeps at most as many UDP flows as it can afford and closes those that were silent for longest.
 */
export interface SipFlow {
  /** Unique in this process, opaque, never reused. */
  readonly id: string
  readonly transport: FlowTransport
  readonly remote: FlowAddress
  readonly local: FlowAddress
  /** Bytes handed to `send` but not yet to the system; the proxy closes a flow that stays too full. */
  readonly bufferedBytes: number
  /** Never throws; on a closed flow it does nothing. Text is UTF-8. */
  send(message: Uint8Array | string): void
  /** Idempotent; `onClose` handlers run. */
  close(): void
  onMessage(handler: (message: Uint8Array | string) => void): void
  onClose(handler: () => void): void
}
