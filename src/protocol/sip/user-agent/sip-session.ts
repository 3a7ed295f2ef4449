/** INVITE dialogs as the rest of the program sees them: chats and calls alike. */
import type { Result } from '#shared/result.ts'
import type { SipHeader } from '../message.ts'

/** Makes and takes session descriptions; the same call may come twice and must give the same text. */
export interface SdpExchange {
  createOffer(): Promise<string>
  /** @throws when nothing in `offer` is acceptable: answered with 488. */
  createAnswer(offer: string): Promise<string>
  /** The final answer; `toTag` names the early dialog of a fork that won, null where the answer came in an ACK. */
  applyAnswer(answer: string, toTag: string | null): void
  /**
   * True for calls: offers inside the dialog, transfers, tones and requests for a picture are raised as events. Otherwise
   * this exchange answers later offers too, and the rest is refused.
   */
  readonly isCall?: boolean
}

/** Three parts that name a dialog, seen from here (RFC 3261 §12). */
export interface DialogId {
  readonly callId: string
  readonly localTag: string
  readonly remoteTag: string
}

/** Reason of a CANCEL or BYE (RFC 3326); `text` is hostile. */
export interface EndReason {
  /** Cause of the SIP protocol, else null. */
  readonly status: number | null
  readonly text: string
}

/** An offer inside the dialog; exactly one of the two is called, later calls do nothing. */
export interface IncomingOffer {
  /** Null when the far end wants our offer (a re-INVITE without a description): its answer comes as `answered`. */
  readonly sdp: string | null
  /** 200 with this description. */
  answer(description: string): void
  /** Refuses: both sides keep what they had (RFC 3261 §14.2). */
  refuse(status: number): void
}

/** A transfer the far end asks us for (RFC 3515); it is waiting for news until `accept`ed call or `decline` tell it. */
export interface IncomingRefer {
  /** `sip:` URI without headers. */
  readonly to: string
  /** Value for Replaces, where an attended transfer is asked for (RFC 5589 §7). */
  readonly replaces: string | null
  readonly referredBy: string | null
  /**
   * Calls `to` and tells the far end how that goes. A call that fails may be followed by another try: the far end hears of the
   * failure with {@link IncomingRefer.finish}.
   */
  accept(exchange: SdpExchange): SipSession
  decline(): void
  /** No other try follows: what fails, or failed last, is the outcome (RFC 3515 §2.4.4). */
  finish(): void
}

export type SessionEvent =
  /**
   * 101–199, one for each that comes. An INVITE may fork: each `toTag` is an early dialog with a description, media and
   * keys of its own.
   */
  | {
      readonly kind: 'progress'
      readonly status: number
      readonly toTag: string | null
      readonly sdp: string | null
    }
  /** Offer and answer are exchanged and acknowledged. */
  | { readonly kind: 'established' }
  /**
   * Never came up: `status` of the far end, or null for a time-out, a cancel or a lost flow. `reason` and `warning` are
   * hostile text. `elsewhere`: another device of the user took or refused the call (RFC 3326).
   */
  | {
      readonly kind: 'failed'
      readonly status: number | null
      readonly reason: string
      readonly warning: string | null
      readonly retryAfterMs: number | null
      readonly elsewhere: boolean
    }
  | { readonly kind: 'ended'; readonly reason: EndReason | null }
  | { readonly kind: 'offer'; readonly offer: IncomingOffer }
  /** Answer to the description given to an `offer` whose `sdp` was null. */
  | { readonly kind: 'answered'; readonly sdp: string }
  /** The far end's decoder needs a whole picture (RFC 5168). */
  | { readonly kind: 'picture-wanted' }
  /** A tone in an INFO (`application/dtmf-relay`): one of 0–9 A–D # *. */
  | { readonly kind: 'tone'; readonly tone: string; readonly durationMs: number }
  | { readonly kind: 'refer'; readonly refer: IncomingRefer }
  /** How a transfer goes that we asked for: the new call's status, 200 and more are the last; null: no answer. */
  | { readonly kind: 'transfer'; readonly status: number | null }

/** Why a new offer of ours was not answered: the status, or null for a time-out, a lost flow or the end of the session. */
export interface RenegotiationFailure {
  readonly status: number | null
}

/** What an incoming INVITE said about itself; nothing here is proven. */
export interface InviteFacts {
  readonly userAgent: string | null
  /** Provisional responses are sent reliably (RFC 3262). */
  readonly requiresReliable: boolean
  /** `id` of the session this one wants to replace (RFC 3891); that one ends when this one is established. */
  readonly replaces: string | null
}

/** One INVITE dialog. */
export interface SipSession {
  readonly id: string
  readonly callId: string
  readonly remote: { readonly aor: string; readonly displayName: string }
  /** The offer of an incoming INVITE; null for a late offer and for outgoing sessions. */
  readonly offer: string | null
  /** Null for outgoing sessions. */
  readonly facts: InviteFacts | null
  /** Null until the far end has a tag. */
  readonly dialog: DialogId | null
  /**
   * Only incoming: 200 with the answer of `exchange`, or with its offer when there was none. Nothing the far end described
   * is given to anyone before this, except as {@link SipSession.offer}.
   */
  accept(exchange: SdpExchange): void
  /** Cancels, rejects (with `status`, default 480) or says BYE, whatever fits; `reason` goes along. Idempotent. */
  end(status?: number, reason?: EndReason): void
  /**
   * Offers anew with a re-INVITE: hold, video, an ICE restart. Gives the answer. Waits for its turn behind other offers;
   * when both ends offered (491) `createOffer` is asked again after the time RFC 3261 §14.1 draws.
   */
  renegotiate(createOffer: () => Promise<string>): Promise<Result<string, RenegotiationFailure>>
  /** Asks the far end for a whole picture (RFC 5168). */
  wantPicture(): void
  /** Asks the far end to call `target` instead of us, taking the place of `replaced` there; see the `transfer` event. */
  refer(target: string, replaced?: SipSession): void
  onEvent(handler: (event: SessionEvent) => void): void
}

export interface InviteOptions {
  /** Further headers of the INVITE. */
  readonly headers?: readonly SipHeader[]
}
