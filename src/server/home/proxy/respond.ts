/** Responses a server makes itself (RFC 3261 §8.2.6). */
import { headerValue } from '#protocol/sip/headers.ts'
import { reasonPhrase } from '#protocol/sip/reasons.ts'
import type { SipHeader, SipRequest, SipResponse } from '#protocol/sip/message.ts'

const copied: ReadonlySet<string> = new Set(['via', 'from', 'call-id', 'cseq'])
const noBody = new Uint8Array(0)

export interface Answer {
  readonly status: number
  readonly reason?: string
  readonly headers?: readonly SipHeader[]
  readonly body?: Uint8Array
}

/** Response to `request`; `toTag` is added where To has none and the status is above 100. */
export function buildResponse(request: SipRequest, answer: Answer, toTag: string): SipResponse {
  const { status } = answer
  const headers: SipHeader[] = []
  for (const header of request.headers) {
    if (copied.has(header.name)) headers.push(header)
    else if (header.name === 'to') headers.push({ name: 'to', value: withTag(header.value, status, toTag) })
    else if (header.name === 'record-route' && status > 100 && status < 300) headers.push(header)
  }
  const timestamp = status === 100 ? headerValue(request, 'timestamp') : undefined
  if (timestamp !== undefined) headers.push({ name: 'timestamp', value: timestamp })
  headers.push(...(answer.headers ?? []))
  return {
    kind: 'response',
    status,
    reason: answer.reason ?? reasonPhrase(status),
    headers,
    body: answer.body ?? noBody,
  }
}

function withTag(to: string, status: number, tag: string): string {
  // Looked for as text: this must also answer requests whose To does not parse.
  return status === 100 || /;\s*tag\s*=/i.test(to) ? to : `${to};tag=${tag}`
}
