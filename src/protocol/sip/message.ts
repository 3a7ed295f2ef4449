/** SIP messages as values (RFC 3261 §7). Header names are canonical long forms in lower case; bodies are bytes. */

/** One header field line, unfolded, in order of arrival. `name` is lower case and long (`via`, not `v`). */
export interface SipHeader {
  readonly name: string
  readonly value: string
}

export interface SipRequest {
  readonly kind: 'request'
  readonly method: string
  readonly uri: string
  readonly headers: readonly SipHeader[]
  readonly body: Uint8Array
}

export interface SipResponse {
  readonly kind: 'response'
  readonly status: number
  readonly reason: string
  readonly headers: readonly SipHeader[]
  readonly body: Uint8Array
}

export type SipMessage = SipRequest | SipResponse
