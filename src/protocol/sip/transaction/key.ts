/** Which transaction a message belongs to (RFC 3261 §17.1.3, §17.2.3). */
import { branchCookie } from '../ids.ts'
import { cseqOf, fromOf, headerValue, serializeVia, tagOf, toOf, topVia } from '../headers.ts'
import { SipParseError } from '../errors.ts'
import type { SipRequest, SipResponse } from '../message.ts'

/** Key of a client transaction by its branch and the method of its CSeq. */
export function clientKey(branch: string, method: string): string {
  return `${method} ${branch}`
}

/** Key of the client transaction a response answers. */
export function clientKeyOf(response: SipResponse): string {
  return clientKey(topVia(response)?.parameters.get('branch') ?? '', cseqOf(response).method)
}

/** Key of the server transaction of a request; an ACK gets the key of its INVITE. `as` asks for a CANCEL's target. */
export function serverKeyOf(request: SipRequest, as: 'own' | 'INVITE' = 'own'): string {
  const via = topVia(request)
  if (via === null) throw new SipParseError('sip-header-missing', 'via')
  const method = as === 'INVITE' || request.method === 'ACK' ? 'INVITE' : request.method
  const branch = via.parameters.get('branch') ?? ''
  if (branch.startsWith(branchCookie) && branch.length > branchCookie.length) {
    return `${method} ${branch} ${via.host}:${via.port ?? ''}`
  }
  // RFC 2543 peers: everything that stays the same over retransmissions and ACK. The To tag is left out of both.
  const fields = [request.uri, tagOf(fromOf(request)), headerValue(request, 'call-id'), cseqOf(request).sequence]
  if (method !== 'INVITE') fields.push(tagOf(toOf(request)))
  return `${method} 2543 ${JSON.stringify(fields)} ${serializeVia(via)}`
}
