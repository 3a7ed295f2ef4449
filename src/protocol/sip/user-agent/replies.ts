/** Answers given without the library: errors of the normaliser, and MESSAGE. */
import type { RandomPort } from '#shared/ports/random.ts'
import { headerValue, parseNameAddress, tagOf } from '../headers.ts'
import { newTag } from '../ids.ts'
import type { SipHeader, SipRequest, SipResponse } from '../message.ts'

const copied: ReadonlySet<string> = new Set(['via', 'from', 'call-id', 'cseq'])
const noBody = new Uint8Array(0)

/** A response that copies what RFC 3261 §8.2.6.2 wants copied; To gets a tag if it has none. */
export function replyTo(
  request: SipRequest,
  status: number,
  random: RandomPort,
  extra: readonly SipHeader[] = [],
): SipResponse {
  const headers = request.headers.filter((header) => copied.has(header.name))
  const to = headerValue(request, 'to')
  if (to !== undefined) headers.push({ name: 'to', value: withTag(to, random) })
  return { kind: 'response', status, reason: '', headers: [...headers, ...extra], body: noBody }
}

function withTag(to: string, random: RandomPort): string {
  // A To that cannot be read is only ever echoed in an error.
  try {
    return tagOf(parseNameAddress(to)) === null ? `${to};tag=${newTag(random)}` : to
  } catch {
    return to
  }
}
