/** What a stream tells its owner. */
import type { Algorithms, SrtpProfileName } from './algorithms.ts'
import type { Sas } from './sas.ts'
import type { AuxResult, CacheResult } from './secrets.ts'

export type Role = 'initiator' | 'responder'

/**
 * Why a handshake ended. Attacks or broken programs: `hello-hash-mismatch` (not the Hello that the signalling announced) ·
 * `hello-altered`, `commit-altered`, `dhpart-altered` (a MAC of the hash chain) · `hash-chain-broken` · `bad-public-value` ·
 * `commitment-mismatch` (hvi) · `confirm-forged` · `nonce-reused`. Disagreements: `unsupported-version` · `equal-zids` ·
 * `ssrc-collision` · `other-zid` (a further stream of another peer) · `algorithm-refused` · `preshared-refused` ·
 * `no-session-key` and `no-multistream` (a further stream without a first one, or of a peer that knows none) · `mode-conflict` ·
 * `peer-error` (the peer said so and went silent). Silence: `commit-timed-out` · `dhpart-timed-out` · `confirm-timed-out` ·
 * `peer-silent`.
 */
export type ZrtpFailure =
  | 'hello-hash-mismatch'
  | 'hello-altered'
  | 'commit-altered'
  | 'dhpart-altered'
  | 'hash-chain-broken'
  | 'bad-public-value'
  | 'commitment-mismatch'
  | 'confirm-forged'
  | 'nonce-reused'
  | 'unsupported-version'
  | 'equal-zids'
  | 'ssrc-collision'
  | 'other-zid'
  | 'algorithm-refused'
  | 'preshared-refused'
  | 'no-session-key'
  | 'no-multistream'
  | 'mode-conflict'
  | 'peer-error'
  | 'commit-timed-out'
  | 'dhpart-timed-out'
  | 'confirm-timed-out'
  | 'peer-silent'

/** Input of one direction's SRTP and SRTCP; the receiver's to wipe. */
export interface SrtpKeys {
  readonly profile: SrtpProfileName
  readonly key: Uint8Array
  readonly salt: Uint8Array
}

/** What to write into the cache for the pair of ZIDs, replacing both secrets (§4.6.1). */
export interface RetainedUpdate {
  /** After a mismatch the cache stays as it is until the user has compared the SAS (§4.6.1.1). */
  readonly when: 'now' | 'after-sas-comparison'
  readonly rs1: Uint8Array
  /** The rs1 of before, or null. */
  readonly rs2: Uint8Array | null
  /** Whether an earlier comparison of the SAS still counts. */
  readonly sasVerified: boolean
  /** Seconds, the smaller of both sides' wishes; 0xffffffff = for ever (§4.9). */
  readonly expiresInSeconds: number
}

/** Facts of a stream whose keys both sides hold. */
export interface Secured {
  readonly role: Role
  readonly algorithms: Algorithms
  readonly profile: SrtpProfileName
  readonly peerZid: Uint8Array
  /** Printable ASCII that the peer chose. */
  readonly peerClientId: string
  /** Null for a further stream: the first one's counts for the call. */
  readonly sas: Sas | null
  readonly cache: CacheResult
  readonly aux: AuxResult
  /** V: whether each side says that its user compared the SAS in an earlier call. */
  readonly verified: { readonly own: boolean; readonly peer: boolean }
  /** Both said so, and the secret of the earlier call proves who they are. */
  readonly previouslyVerified: boolean
  /** The peer's product may give the keys to others (§11). */
  readonly peerDisclosure: boolean
  /** Null where nothing is to be written: a further stream, or a peer that keeps nothing. */
  readonly retained: RetainedUpdate | null
}

/**
 * In order of appearance: `peer-found` · `need-secrets` (answer with `provideSecrets`) · `discovery-timed-out` (not final: a late
 * Hello or Commit still counts; `heard` = a Hello came but no answer to ours) · `keys` (from this moment the direction may be
 * used) · `secure` · `failed` (final; keys already handed out must no longer be used). At any time: `error-received` (a code,
 * which anybody can forge) and `alarm` (something that only an attacker or a broken program sends was left aside).
 */
export type ZrtpEvent =
  | { readonly kind: 'peer-found'; readonly peerZid: Uint8Array; readonly peerClientId: string }
  | { readonly kind: 'need-secrets'; readonly peerZid: Uint8Array }
  | { readonly kind: 'discovery-timed-out'; readonly heard: boolean }
  | { readonly kind: 'keys'; readonly direction: 'send' | 'receive'; readonly keys: SrtpKeys }
  | ({ readonly kind: 'secure' } & Secured)
  | { readonly kind: 'failed'; readonly reason: ZrtpFailure }
  | { readonly kind: 'error-received'; readonly code: number }
  | { readonly kind: 'alarm'; readonly what: ZrtpAlarm }

/** `go-clear-refused`: an authentic request to stop encrypting. `relayed-sas-ignored`: an authentic SASrelay. The rest is forged. */
export type ZrtpAlarm =
  | 'hello-hash-mismatch'
  | 'hash-chain-broken'
  | 'confirm-forged'
  | 'go-clear-forged'
  | 'go-clear-refused'
  | 'relayed-sas-ignored'
