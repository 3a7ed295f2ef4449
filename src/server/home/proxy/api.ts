/** What the home server gets from and may ask of `SipProxy`, as values and function types. */
import type { SipHeader, SipRequest, SipResponse } from '#protocol/sip/message.ts'

/** One registered device: a Contact bound to the flow it registered over. */
export interface BindingView {
  readonly user: string
  /** `+sip.instance` value without brackets and quotes (`urn:uuid:…`), or '' (see `MailboxPort`). */
  readonly instance: string
  readonly contact: string
  readonly flowId: string
  /** Wall-clock milliseconds. */
  readonly expiresAt: number
}

/** A request that reached an in-process user agent. */
export interface LocalExchange {
  /** As it arrives at a UA: Record-Route and Via included; in-dialog requests have a To tag. ACK comes here too. */
  readonly request: SipRequest
  /** User of the domain who sent it, proven by digest. */
  readonly from: string
  /** Tag of the To of all answers: our side of a dialog that this request begins. */
  readonly toTag: string
  /**
   * Answers once or, for INVITE, with provisionals first. Via, From, To, Call-ID, CSeq and (2xx, 18x) Record-Route are
   * copied; a To tag is added, the same for all answers of an exchange. Nothing happens for ACK or after a final answer. A
   * 2xx to INVITE is repeated until its ACK comes.
   */
  respond(answer: {
    readonly status: number
    readonly reason?: string
    readonly headers?: readonly SipHeader[]
    readonly body?: Uint8Array
  }): void
  /** CANCEL came for this INVITE; the proxy has answered the CANCEL, the handler still owes a 487. */
  onCancel(handler: () => void): void
  /** No ACK came for the 2xx to this INVITE within 64·T1: the session should end with a BYE (RFC 3261 §13.3.1.4). */
  onUnacknowledged(handler: () => void): void
}

/** An in-process user agent of the domain (the echo contact). */
export interface LocalUser {
  /**
   * Sends a request as this user through the proxy; Via, Max-Forwards and, where missing, Call-ID, CSeq and From tag are
   * added. Resolves with the final response; 408 stands for no answer. ACK for 2xx is sent by `ack` of the dialog's owner:
   * an ACK given here resolves at once with null.
   */
  send(request: SipRequest): Promise<SipResponse | null>
  /** Contact URI to put into dialogs. */
  readonly contactUri: string
  stop(): void
}

export type LocalHandler = (exchange: LocalExchange) => void
