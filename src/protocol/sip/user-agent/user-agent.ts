/**
 * What the rest of the program sees of a SIP user agent: values in, events out, no type of the library underneath.
 * One user agent serves one account for its whole life; flows (connections to the account's server) come and go.
 */
import type { SocketFailure } from '#shared/ports/sockets.ts'
import type { DigestAlgorithm, DigestRefusal } from '../digest.ts'
import type { InviteOptions, SdpExchange, SipSession } from './sip-session.ts'

export type * from './sip-session.ts'

/** Digest secrets of an account; `password` is wiped once the realm is pinned (design §10). */
export interface DigestSecrets {
  readonly username: string
  readonly realm: string | null
  readonly ha1Md5: string | null
  readonly ha1Sha256: string | null
  readonly password: Uint8Array | null
  readonly strongest: DigestAlgorithm | null
}

/** One connection to the account's server, already checked and framed. */
export interface SipFlow {
  readonly transport: 'WS' | 'WSS' | 'TLS' | 'TCP' | 'UDP'
  /** Own address for Via and Contact, which over UDP may change when the server says what it sees; null over WebSocket, where both are unroutable (RFC 7118 §5). */
  readonly local: { readonly host: string; readonly port: number } | null
  /** Own address on the way to the server, whatever the transport. */
  readonly ownHost: string
  send(bytes: Uint8Array): void
  close(): void
  /** The server promised to answer keep-alives (RFC 5626 §3.5): a missing pong ends the flow from now on. */
  expectPongs(): void
  /** Asks for a sign of life now, after a wake-up or a network change. */
  probe(): void
  onMessage(handler: (bytes: Uint8Array) => void): void
  onClose(handler: (failure?: SocketFailure) => void): void
}

/** Why a REGISTER did not succeed. */
export interface RegistrationFailure {
  /** SIP status, or null when nothing came back. */
  readonly status: number | null
  readonly refusal: DigestRefusal | 'wrong-password' | null
  /** From Retry-After, milliseconds. */
  readonly retryAfterMs: number | null
}

/** How a MESSAGE ended: the final status, or null when no answer came or the flow broke. */
export interface MessageOutcome {
  readonly status: number | null
  readonly refusal: DigestRefusal | 'wrong-password' | null
}

export interface OutgoingMessage {
  /** `sip:` URI of an address-of-record or a GRUU. */
  readonly to: string
  readonly contentType: string
  readonly payload: Uint8Array
  /** Call-ID to send under, so that a repetition has the same one; a random one if null, absent or unfit for a header. */
  readonly callId?: string | null
  /** Says that it is of no use later (RFC 3428 §4: `Expires: 0`). */
  readonly fleeting?: boolean
}

/** A MESSAGE that came over the registered flow; the sender waits for `answer`. */
export interface IncomingMessage {
  /** `sip:user@host`, host in lower case; a tel URI stands under the own domain. */
  readonly from: string
  readonly fromName: string
  readonly to: string
  readonly callId: string
  readonly contentType: string
  /** Inflated where it came compressed. */
  readonly payload: Uint8Array
  /** `Date` of the server's offline copy, ms, else null. */
  readonly date: number | null
  /** Answers once; later calls do nothing. */
  answer(status: number): void
}

export type UserAgentEvent =
  | { readonly kind: 'registered' }
  | { readonly kind: 'registration-failed'; readonly failure: RegistrationFailure }
  /** The registration ended without our wish, and not because of the flow. */
  | { readonly kind: 'unregistered' }
  /** Realm pinned or a stronger algorithm met: to be stored, replacing what was there. */
  | { readonly kind: 'secrets'; readonly secrets: DigestSecrets }
  | { readonly kind: 'flow-lost'; readonly failure: SocketFailure | null }
  | { readonly kind: 'message'; readonly message: IncomingMessage }
  | { readonly kind: 'session'; readonly session: SipSession }

export interface UserAgentConfig {
  /** `sip:user@domain`. */
  readonly aor: string
  readonly displayName: string
  /** `urn:uuid:…`, stable per account and device (RFC 5626 §4.1). */
  readonly instanceId: string
  readonly transport: 'wss' | 'ws' | 'tls' | 'tcp' | 'udp'
  readonly secrets: DigestSecrets
}

export interface UserAgent {
  /** Takes a new connection, dropping an older one, and registers over it. */
  attach(flow: SipFlow): void
  /** Refreshes the registration over the present flow, to see that both still stand. */
  refresh(): void
  sendMessage(message: OutgoingMessage): Promise<MessageOutcome>
  invite(to: string, exchange: SdpExchange, options?: InviteOptions): SipSession
  /** Unregisters (waiting at most two seconds), ends sessions, closes the flow. */
  stop(): Promise<void>
  onEvent(handler: (event: UserAgentEvent) => void): () => void
}
