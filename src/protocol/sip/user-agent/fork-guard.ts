/**
 * A forked INVITE may be answered 200 by several devices. The first is the session; every other is acknowledged and ended
 * here (RFC 3261 §13.2.2.4), because the library would send its BYE on the good dialog.
 */
import type { RandomPort } from '#shared/ports/random.ts'
import {
  cseqOf,
  headerLines,
  headerValue,
  parseContacts,
  parseRoutes,
  serializeNameAddress,
  tagOf,
  toOf,
} from '../headers.ts'
import { newBranch } from '../ids.ts'
import type { SipHeader, SipRequest, SipResponse } from '../message.ts'
import { BoundedMap } from './bounded-map.ts'

interface SentInvite {
  readonly request: SipRequest
  firstTag: string | null
  isCancelled: boolean
  readonly endedTags: Set<string>
}

/** More forks than this of one INVITE are an attack: ignored. */
const maxForks = 16

export class ForkGuard {
  readonly #random: RandomPort
  readonly #invites = new BoundedMap<string, SentInvite>(256)

  constructor(random: RandomPort) {
    this.#random = random
  }

  /** Remembers an INVITE without To tag as it went out. */
  sent(invite: SipRequest): void {
    this.#invites.set(keyOf(invite), { request: invite, firstTag: null, isCancelled: false, endedTags: new Set() })
  }

  /** A 2xx that crosses our CANCEL is unwanted too: the library forgets the session and would leave it open. */
  cancelled(cancel: SipRequest): void {
    const invite = this.#invites.get(keyOf(cancel))
    if (invite?.firstTag === null) invite.isCancelled = true
  }

  /** Requests to send for a 2xx of an unwanted fork; null when the response belongs to the session. */
  judge(response: SipResponse): SipRequest[] | null {
    const invite = this.#invites.get(keyOf(response))
    const tag = tagOf(toOf(response))
    if (invite === undefined || tag === null) return null
    if (!invite.isCancelled) invite.firstTag ??= tag
    if (invite.firstTag === tag) return null
    const isNew = !invite.endedTags.has(tag)
    if (isNew && invite.endedTags.size >= maxForks) return []
    invite.endedTags.add(tag)
    const ack = this.#inDialog(invite.request, response, 'ACK', 0)
    const bye = this.#inDialog(invite.request, response, 'BYE', 1)
    return [ack, ...(isNew ? [bye] : [])].filter((request) => request !== null)
  }

  #inDialog(invite: SipRequest, response: SipResponse, method: 'ACK' | 'BYE', step: number): SipRequest | null {
    const contacts = parseContacts(response)
    const target = contacts === '*' ? undefined : contacts[0]
    if (target === undefined) return null
    const routes = parseRoutes(response, 'record-route').reverse().map(serializeNameAddress)
    const via = (headerValue(invite, 'via') ?? '').replace(/branch=[^;,\s]+/, `branch=${newBranch(this.#random)}`)
    const headers: SipHeader[] = [
      { name: 'via', value: via },
      { name: 'max-forwards', value: '70' },
      ...routes.map((value) => ({ name: 'route', value })),
      { name: 'from', value: headerValue(response, 'from') ?? '' },
      { name: 'to', value: headerValue(response, 'to') ?? '' },
      { name: 'call-id', value: headerValue(response, 'call-id') ?? '' },
      { name: 'cseq', value: `${cseqOf(invite).sequence + step} ${method}` },
    ]
    // RFC 3261 §22.1: the ACK carries the credentials of its INVITE; the BYE never does.
    const credentials = method === 'ACK' ? headerLines(invite, 'proxy-authorization') : []
    headers.push(...credentials.map((value) => ({ name: 'proxy-authorization', value })))
    return { kind: 'request', method, uri: target.uri, headers, body: new Uint8Array(0) }
  }
}

function keyOf(message: SipRequest | SipResponse): string {
  return `${headerValue(message, 'call-id') ?? ''} ${cseqOf(message).sequence}`
}
