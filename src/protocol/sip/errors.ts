import { ProtocolError } from '#shared/errors.ts'
import type { SipRequest } from './message.ts'

/** What is wrong with a SIP message; each code has one status in {@link statusOfParseCode}. */
export type SipParseCode =
  | 'sip-incomplete'
  | 'sip-start-line'
  | 'sip-version'
  | 'sip-encoding'
  | 'sip-header'
  | 'sip-header-missing'
  | 'sip-header-repeated'
  | 'sip-content-length'
  | 'sip-length-required'
  | 'sip-cseq'
  | 'sip-uri'
  | 'sip-uri-too-long'
  | 'sip-scheme'
  | 'sip-head-too-large'
  | 'sip-too-large'

const statuses: Readonly<Record<SipParseCode, number>> = {
  'sip-incomplete': 400,
  'sip-start-line': 400,
  'sip-version': 505,
  'sip-encoding': 400,
  'sip-header': 400,
  'sip-header-missing': 400,
  'sip-header-repeated': 400,
  'sip-content-length': 400,
  'sip-length-required': 400,
  'sip-cseq': 400,
  'sip-uri': 400,
  'sip-uri-too-long': 414,
  'sip-scheme': 416,
  'sip-head-too-large': 400,
  'sip-too-large': 513,
}

/** The status a server answers with when a request fails to parse (RFC 3261 §21.4, §21.5). */
export function statusOfParseCode(code: SipParseCode): number {
  return statuses[code]
}

/** Malformed SIP. `partial` holds what could be read of a request, enough to answer it, or null. */
export class SipParseError extends ProtocolError<SipParseCode> {
  readonly partial: SipRequest | null

  constructor(code: SipParseCode, detail?: string, partial: SipRequest | null = null) {
    super(code, detail)
    this.partial = partial
  }
}
