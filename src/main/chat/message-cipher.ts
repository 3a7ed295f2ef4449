import type { Result } from '#shared/result.ts'
import type { Aor, ConversationId } from '#shared/model/ids.ts'
import type { AuthenticatedBy, Trust } from '#shared/model/views.ts'

/** A body with the type it travels under. */
export interface TypedBody {
  readonly contentType: string
  readonly payload: Uint8Array
}

/** The two ends of a conversation, as a cipher sees them. */
export interface CipherPeer {
  readonly conversation: ConversationId
  readonly account: Aor
  readonly peer: Aor
}

/** Why a body was not sealed: the user decides, nothing falls back by itself. */
export type SealFailure = 'no-session' | 'identity-changed'
/** Why a body that is for this cipher does not open. */
export type OpenSealedFailure = 'not-for-this-device' | 'forged' | 'replayed' | 'no-session' | 'identity-changed'

/** What opened, and who vouches for its author. */
export interface OpenedBody {
  readonly body: TypedBody
  readonly authenticatedBy: AuthenticatedBy
  readonly verified: boolean
}

/** What protects a conversation, for "who can read this". */
export interface CipherState {
  readonly cipher: 'none' | 'otr' | 'omemo'
  readonly trust: Trust
}

/** Text encryption between the conversation and the wire (design §8). */
export interface MessageCipher {
  seal(peer: CipherPeer, body: TypedBody): Promise<Result<TypedBody, SealFailure>>
  /** `null` = not of this cipher: take it as it is. */
  open(peer: CipherPeer, body: TypedBody): Promise<Result<OpenedBody, OpenSealedFailure> | null>
  state(peer: CipherPeer): CipherState
  /** Fingerprint of the peer's key for reading aloud, or null without one. */
  fingerprint(peer: CipherPeer): string | null
  /** The user compared the fingerprint (or takes that back). */
  verify(peer: CipherPeer, verified: boolean): Promise<void>
}

/** No encryption: bodies travel as they are, and the servers' word is all that vouches for them. */
export const noCipher: MessageCipher = {
  seal: (_peer, body) => Promise.resolve({ ok: true, value: body }),
  open: () => Promise.resolve(null),
  state: () => ({ cipher: 'none', trust: 'unverified' }),
  fingerprint: () => null,
  verify: () => Promise.resolve(),
}
