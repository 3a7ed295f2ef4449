/**
 * What main may ask of the signalling worker: registration, SIP MESSAGE and MSRP chat sessions of every account.
 * All values are structured-cloneable; the port is implemented by a worker and by a fake in tests.
 */
import type { Result } from '#shared/result.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type { ConnectionView, MessagePath, SipTransport } from '#shared/model/views.ts'
import type { CallCommand, CallReply, CallSignallingEvent } from './signalling-port-calls.ts'
import type { CertificateProblem } from '#shared/ports/sockets.ts'

/** What the worker needs to register an account; `ha1` per algorithm instead of the password. */
export interface SignallingAccount {
  readonly id: AccountId
  readonly aor: Aor
  readonly displayName: string
  readonly transport: SipTransport
  /** Explicit server, or null for RFC 3263. WebSocket transports: a ws/wss URL. */
  readonly server: string | null
  /** MSRP relay URI (RFC 4976 §5.1), e.g. `msrps://host:2855;tcp` or `;ws`; absent: derived from the account's server. */
  readonly msrpRelay?: string
  readonly credentials: Credentials
  /** `urn:uuid:…`, stable per account and device (RFC 5626 §4.1). */
  readonly instanceId: string
  readonly extraAuthorities: readonly string[]
  readonly spkiPins: readonly string[]
}

/** Digest secrets, one per algorithm, valid for exactly one realm once it is pinned (design §10). */
export interface Credentials {
  readonly username: string
  /** Realm pinned at first registration; null before it: then `password` is given once. */
  readonly realm: string | null
  readonly ha1Md5: string | null
  readonly ha1Sha256: string | null
  /** Only before the realm is known; the worker turns it into HA1 values and drops it. */
  readonly password: Uint8Array | null
  /** Strongest algorithm seen so far; weaker challenges are refused. */
  readonly strongest: 'MD5' | 'SHA-256' | null
}

/** An outgoing body with the type it is sent under. */
export interface OutgoingBody {
  readonly contentType: string
  readonly payload: Uint8Array
}

/** How a hand-over ended. `delivered` = the far end device said so (MSRP success report, or 200 of its own UA). */
export interface SendOutcome {
  readonly path: MessagePath
  readonly state: 'sent' | 'delivered'
}

export interface SendFailure {
  readonly code: ErrorCode
  /** True: try again later; false: it can never succeed as it is. */
  readonly retry: boolean
  /** SIP or MSRP status, for the log. */
  readonly status?: number
}

/** A body that came in over either path, already unchunked, authenticated only as far as the server vouches. */
export interface IncomingBody {
  readonly accountId: AccountId
  /** Number to answer with `accept` or `refuse`: the sender's 200 waits until the body is durable. */
  readonly receipt: number
  readonly path: MessagePath
  /** From the SIP dialog or request, asserted by the own registered flow. */
  readonly from: Aor
  readonly fromName: string
  readonly to: Aor
  readonly contentType: string
  readonly payload: Uint8Array
  /** SIP Call-ID or MSRP Message-ID: stand-in id where the body has no CPIM Message-ID. */
  readonly transportId: string
  /** When the server says it was stored (`Date` of an offline copy), ms, else null. */
  readonly storedAt: number | null
  /** True when it came as an own-address copy over the own registered flow, From = own AOR. */
  readonly fromSelf: boolean
  /** When this device took it, ms, where that was before now: while Sotto was locked. */
  readonly observedAt?: number
}

/** 202 says no more than that the message is not lost; over MSRP both are 200. */
export type AcceptStatus = 200 | 202

/** A chat INVITE that waits for a decision. */
export interface IncomingChatSession {
  readonly accountId: AccountId
  readonly session: string
  readonly from: Aor
  readonly fromName: string
}

export type SignallingEvent =
  | { readonly kind: 'connection'; readonly accountId: AccountId; readonly connection: ConnectionView }
  | { readonly kind: 'certificate'; readonly accountId: AccountId; readonly problem: CertificateProblem }
  /** Realm pinned and HA1 known: to be stored, replacing the password. */
  | { readonly kind: 'credentials'; readonly accountId: AccountId; readonly credentials: Credentials }
  | { readonly kind: 'body'; readonly body: IncomingBody }
  | { readonly kind: 'chat-session'; readonly chat: IncomingChatSession }
  | { readonly kind: 'chat-session-ended'; readonly accountId: AccountId; readonly session: string }
  /** The registered flow's own address: what descriptions of media name first. */
  | { readonly kind: 'local-address'; readonly accountId: AccountId; readonly host: string }
  | CallSignallingEvent

export interface SignallingPort {
  configure(account: SignallingAccount): Promise<void>
  remove(accountId: AccountId): Promise<void>
  reconnect(accountId: AccountId): Promise<void>
  /** Network came back, or the computer woke up: every account re-registers with jitter. */
  networkChanged(): Promise<void>
  /**
   * Sends one body to a peer: over the running MSRP session, else by opening one when `prefer` allows, else as SIP
   * MESSAGE. Resolves when the transport's own answer is known.
   */
  send(request: {
    readonly accountId: AccountId
    readonly to: string
    readonly body: OutgoingBody
    /** `message` = SIP MESSAGE only (own copies, receipts to devices without a session). */
    readonly prefer: 'msrp' | 'message'
    readonly messageId: string
    /** Of no use later: no server is to keep it. */
    readonly fleeting?: boolean
  }): Promise<Result<SendOutcome, SendFailure>>
  /** Sends is-composing where a session runs; nothing is queued. */
  typing(accountId: AccountId, to: Aor, active: boolean): Promise<void>
  /** The body is durable: answer 200, or 202 for a sender who shall not learn that a device has it (RFC 3428 §7). */
  accept(receipt: number, status?: AcceptStatus): Promise<void>
  /** Not taken: answer with this SIP/MSRP status. */
  refuse(receipt: number, status: number): Promise<void>
  answerChatSession(session: string, answer: 'accept' | 'ring' | 'decline'): Promise<void>
  /** What becomes of a call is heard by its events. */
  call(command: CallCommand): Promise<CallReply>
  stop(): Promise<void>
  onEvent(handler: (event: SignallingEvent) => void): () => void
}
