/**
 * A forked INVITE may be answered 200 by several devices. The first is the session; every other is acknowledged and ended
 * here (RFC 3261 §13.2.2.4), because the library would send its BYE on the good dialog.
 */
import type { RandomPort } from '#shared/ports/random.ts'
import { cseqOf, tagOf, toOf } from '../headers.ts'
import type { SipRequest, SipResponse } from '../message.ts'
import { BoundedMap } from './bounded-map.ts'
import type { CseqShift } from './cseq-shift.ts'
import { callIdOf } from './descriptions.ts'
import { requestInDialog } from './early-dialog.ts'

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
  readonly #shift: CseqShift
  readonly #invites = new BoundedMap<string, SentInvite>(256)

  constructor(random: RandomPort, shift: CseqShift) {
    this.#random = random
    this.#shift = shift
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
    const step = this.#shift.usedIn(callIdOf(response), tag) + 1
    const ack = requestInDialog(invite.request, response, { method: 'ACK', step: 0 }, this.#random)
    const bye = requestInDialog(invite.request, response, { method: 'BYE', step }, this.#random)
    return [ack, ...(isNew ? [bye] : [])].filter((request) => request !== null)
  }
}

function keyOf(message: SipRequest | SipResponse): string {
  return `${callIdOf(message)} ${cseqOf(message).sequence}`
}
