import type { Result } from '../result.ts'

/** Why a connection could not be made or ended; becomes words on the screen. */
export type SocketFailure =
  | { readonly kind: 'refused' | 'unreachable' | 'timed-out' | 'closed' | 'dns' | 'protocol' }
  | { readonly kind: 'certificate'; readonly problem: CertificateProblem }

/** What is wrong with a server's certificate, enough for the dialog that explains it. */
export interface CertificateProblem {
  readonly reason: 'untrusted' | 'expired' | 'not-yet-valid' | 'wrong-name' | 'revoked'
  readonly expectedName: string
  readonly subject: string
  readonly issuer: string
  readonly validFrom: number
  readonly validTo: number
  /** SHA-256 of the SubjectPublicKeyInfo, base64 as in a pin. */
  readonly spkiSha256: string
}

/** How to check the far end of a TLS connection (RFC 5922: the name is the account's domain, not the SRV target). */
export interface TlsIdentity {
  readonly serverName: string
  /** PEM of additional authorities the user or an invitation brought. */
  readonly extraAuthorities?: readonly string[]
  /** SPKI pins; when given, a matching pin is required and suffices for a self-signed certificate. */
  readonly spkiPins?: readonly string[]
}

/** Where to connect; only addresses that the user configured, or that DNS gave for them, come here. */
export interface StreamTarget {
  readonly host: string
  readonly port: number
  readonly tls?: TlsIdentity
  /** Which names a certificate may have: a SIP server's (RFC 5922) unless said otherwise, or a web server's (RFC 6125). */
  readonly names?: 'sip' | 'web'
}

/** A byte stream (TCP or TLS). Handlers are set once, before the first turn of the event loop ends. */
export interface ByteStream {
  readonly remote: { readonly host: string; readonly port: number }
  readonly local: { readonly host: string; readonly port: number }
  readonly secure: boolean
  /** Returns false when the buffer is full: wait for `onDrain`. */
  write(bytes: Uint8Array): boolean
  /** Bytes written but not yet handed to the system. */
  readonly bufferedBytes: number
  pause(): void
  resume(): void
  close(): void
  /** Keying material that only the two ends of this connection have (RFC 8446 §7.5); null before TLS 1.3 and without TLS. */
  exportKey?(label: string, bytes: number): Uint8Array | null
  onData(handler: (bytes: Uint8Array) => void): void
  onDrain(handler: () => void): void
  onClose(handler: (failure?: SocketFailure) => void): void
}

/** A WebSocket with one subprotocol (`sip`, RFC 7118; `msrp`, RFC 7977). */
export interface MessageSocket {
  readonly secure: boolean
  readonly local: { readonly host: string; readonly port: number }
  send(message: string | Uint8Array): void
  readonly bufferedBytes: number
  close(code?: number): void
  /** Stops and restarts reading, where the implementation can. */
  pause?(): void
  resume?(): void
  onMessage(handler: (message: string | Uint8Array) => void): void
  onClose(handler: (failure?: SocketFailure) => void): void
}

/** A WebSocket whose upgrade request says who asks. */
export interface AuthorizedOpening {
  readonly url: string
  readonly subprotocol: string
  readonly tls?: TlsIdentity
  /** Value of `Authorization`, for the connection that stands now; null: it will not do, and is closed. */
  authorize(connection: { exportKey(label: string, bytes: number): Uint8Array | null }): string | null
}

/** Opens WebSockets to servers that want to know who asks. */
export interface AuthorizedSocketsPort {
  authorizedWebSocket(opening: AuthorizedOpening, signal?: AbortSignal): Promise<Result<MessageSocket, SocketFailure>>
}

/** Opens outgoing connections; the one place a socket watch has to look at. */
export interface ConnectorPort {
  stream(target: StreamTarget, signal?: AbortSignal): Promise<Result<ByteStream, SocketFailure>>
  webSocket(
    url: string,
    subprotocol: string,
    tls?: TlsIdentity,
    signal?: AbortSignal,
  ): Promise<Result<MessageSocket, SocketFailure>>
}
