/** Calls as main asks for them and hears of them; descriptions are opaque here. */
import type { CallId } from '#shared/model/calls.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { Result } from '#shared/result.ts'

export type CallCommand =
  | {
      readonly kind: 'place'
      readonly accountId: AccountId
      readonly call: CallId
      readonly to: Aor
      readonly sdp: string
      /** The call whose far end asked for this one: it hears how it goes (RFC 3515 §2.4.4). */
      readonly referredIn?: CallId
    }
  /** Takes an incoming call: our answer, or our offer where it came without one. */
  | { readonly kind: 'accept'; readonly call: CallId; readonly sdp: string }
  /** Cancels, refuses with `status`, or hangs up: whatever fits. Who referred us to this call hears that nothing more is tried. */
  | { readonly kind: 'end'; readonly call: CallId; readonly status?: number }
  /** Offers anew within the call; the reply is the answer. Status 491: both offered, the time to wait is over, offer anew. */
  | { readonly kind: 'offer'; readonly call: CallId; readonly sdp: string }
  /** Settles a `reoffered`. */
  | { readonly kind: 'answer'; readonly call: CallId; readonly offer: number; readonly sdp: string }
  | { readonly kind: 'refuse'; readonly call: CallId; readonly offer: number; readonly status: number }
  | { readonly kind: 'transfer'; readonly call: CallId; readonly to: Aor }
  /** Asks the far end to take our place in the call `with`, which is of the same account (RFC 5589 §7). */
  | { readonly kind: 'connect'; readonly call: CallId; readonly with: CallId }
  /** Settles a `referred`: not by us. */
  | { readonly kind: 'decline-referral'; readonly call: CallId }
  | { readonly kind: 'want-picture'; readonly call: CallId }

/** The answer to an `offer`, the SIP Call-ID of a `place`, else null; `status` null where nobody answered. */
export type CallReply = Result<string | null, { readonly status: number | null }>

export type CallSignal =
  | {
      readonly kind: 'offered'
      readonly from: Aor
      readonly fromName: string
      /** SIP Call-ID (RFC 3261 §8.1.1.4): the same on every device that rings. */
      readonly sipCallId: string
      /** Null: the caller wants our offer. */
      readonly sdp: string | null
      /** The call that it wants to take the place of (RFC 3891): who asks knows its dialog, no more is proven. */
      readonly replaces: CallId | null
    }
  /** Was told that we are busy, because too many calls are there already. */
  | { readonly kind: 'turned-away'; readonly from: Aor; readonly fromName: string; readonly sipCallId: string }
  /** Each `branch` is an early dialog of its own (a fork has several). */
  | { readonly kind: 'progress'; readonly status: number; readonly branch: string | null; readonly sdp: string | null }
  | { readonly kind: 'answered'; readonly branch: string | null; readonly sdp: string }
  | { readonly kind: 'established' }
  | { readonly kind: 'failed'; readonly status: number | null; readonly elsewhere: boolean }
  /** `byUs`: this end gave it up, as when its account is taken away. */
  | { readonly kind: 'ended'; readonly byUs: boolean }
  | { readonly kind: 'reoffered'; readonly offer: number; readonly sdp: string | null }
  | { readonly kind: 'tone'; readonly tone: string }
  | { readonly kind: 'picture-wanted' }
  | { readonly kind: 'transfer'; readonly status: number | null }
  /**
   * The far end wants us to call `to`; one at a time. `by` is who it says wants that, unproven. `attended`: taking its own place
   * in a call that it has with `to`.
   */
  | { readonly kind: 'referred'; readonly to: Aor; readonly by: Aor | null; readonly attended: boolean }

export interface CallSignallingEvent {
  readonly kind: 'call'
  readonly accountId: AccountId
  readonly call: CallId
  readonly signal: CallSignal
}
