/** Requests of our own inside dialogs that the library does not know: PRACK, and the end of forks nobody wants. */
import type { RandomPort } from '#shared/ports/random.ts'
import { cseqOf, headerLines, headerValue, parseContacts, parseRoutes, serializeNameAddress } from '../headers.ts'
import { newBranch } from '../ids.ts'
import type { SipHeader, SipRequest, SipResponse } from '../message.ts'

interface Wanted {
  readonly method: 'ACK' | 'BYE' | 'PRACK'
  /** Added to the CSeq number of the INVITE. */
  readonly step: number
  readonly extra?: readonly SipHeader[]
}

/** A request in the dialog that `response` made of `invite` (RFC 3261 §12.1.2); null when it names no contact. */
export function requestInDialog(
  invite: SipRequest,
  response: SipResponse,
  { method, step, extra = [] }: Wanted,
  random: RandomPort,
): SipRequest | null {
  const contacts = parseContacts(response)
  const target = contacts === '*' ? undefined : contacts[0]
  if (target === undefined) return null
  const routes = parseRoutes(response, 'record-route').reverse().map(serializeNameAddress)
  const via = (headerValue(invite, 'via') ?? '').replace(/branch=[^;,\s]+/, `branch=${newBranch(random)}`)
  // RFC 3261 §22.1: the ACK carries the credentials of its INVITE; nothing else does.
  const credentials = method === 'ACK' ? headerLines(invite, 'proxy-authorization') : []
  const headers: SipHeader[] = [
    { name: 'via', value: via },
    { name: 'max-forwards', value: '70' },
    ...routes.map((value) => ({ name: 'route', value })),
    { name: 'from', value: headerValue(response, 'from') ?? '' },
    { name: 'to', value: headerValue(response, 'to') ?? '' },
    { name: 'call-id', value: headerValue(response, 'call-id') ?? '' },
    { name: 'cseq', value: `${cseqOf(invite).sequence + step} ${method}` },
    ...credentials.map((value) => ({ name: 'proxy-authorization', value })),
    ...extra,
  ]
  return { kind: 'request', method, uri: target.uri, headers, body: new Uint8Array(0) }
}
