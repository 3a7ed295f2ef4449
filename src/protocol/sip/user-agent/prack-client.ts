/**
 * Reliable provisional responses to our INVITEs (RFC 3262 §4): each is acknowledged by a PRACK here, in order and once per
 * early dialog; the library sees ordinary ones.
 */
import type { RandomPort } from '#shared/ports/random.ts'
import { cseqOf, headerValue, optionTags, tagOf, toOf } from '../headers.ts'
import type { SipRequest, SipResponse } from '../message.ts'
import { BoundedMap } from './bounded-map.ts'
import type { CseqShift } from './cseq-shift.ts'
import { callIdOf, descriptionOf } from './descriptions.ts'
import { requestInDialog } from './early-dialog.ts'

interface EarlyDialog {
  readonly lastRSeq: number
  readonly acknowledged: number
  /** The last PRACK, sent again as it was when its response is. */
  readonly prack: SipRequest
  readonly sdp: string | null
}

/** More than this in one early dialog is no ringing. */
const maxPerDialog = 64

export type ProvisionalVerdict =
  /** To be handed on; `prack` is to be sent first. */
  | { readonly kind: 'take'; readonly prack: SipRequest | null }
  /** Known, early or unusable; `prack` is to be sent again. */
  | { readonly kind: 'drop'; readonly prack: SipRequest | null }

const ignore: ProvisionalVerdict = { kind: 'drop', prack: null }

export class PrackClient {
  readonly #random: RandomPort
  readonly #shift: CseqShift
  /** By Call-ID, CSeq number and To tag. */
  readonly #dialogs = new BoundedMap<string, EarlyDialog>(256)

  constructor(random: RandomPort, shift: CseqShift) {
    this.#random = random
    this.#shift = shift
  }

  /** Judges a provisional response to `invite`. */
  judge(response: SipResponse, invite: SipRequest): ProvisionalVerdict {
    const tag = tagOf(toOf(response))
    if (!optionTags(response, 'require').includes('100rel') || response.status === 100)
      return { kind: 'take', prack: null }
    const rseq = readRSeq(headerValue(response, 'rseq'))
    if (rseq === null || tag === null) return ignore
    const known = this.#dialogs.get(keyOf(response, tag)) ?? null
    if (rseq === known?.lastRSeq) return { kind: 'drop', prack: known.prack }
    return isNext(known, rseq) ? this.#take(response, invite, known, { tag, rseq }) : ignore
  }

  /** The answer a reliable response already gave, for a 2xx that has none any more (RFC 3262 §5). */
  withAnswer(response: SipResponse): SipResponse {
    if (response.status < 200 || response.status > 299 || response.body.length > 0) return response
    const sdp = this.#dialogs.get(keyOf(response, tagOf(toOf(response)) ?? ''))?.sdp ?? null
    if (sdp === null) return response
    const headers = [...response.headers, { name: 'content-type', value: 'application/sdp' }]
    return { ...response, headers, body: Buffer.from(sdp) }
  }

  #take(
    response: SipResponse,
    invite: SipRequest,
    known: EarlyDialog | null,
    { tag, rseq }: { readonly tag: string; readonly rseq: number },
  ): ProvisionalVerdict {
    const prack = this.#prack(response, invite, tag, rseq)
    if (prack === null) return ignore
    const sdp = descriptionOf(response) ?? known?.sdp ?? null
    const acknowledged = (known?.acknowledged ?? 0) + 1
    this.#dialogs.set(keyOf(response, tag), { lastRSeq: rseq, acknowledged, prack, sdp })
    return { kind: 'take', prack }
  }

  #prack(response: SipResponse, invite: SipRequest, tag: string, rseq: number): SipRequest | null {
    const { sequence } = cseqOf(invite)
    const extra = [{ name: 'rack', value: `${rseq} ${sequence} INVITE` }]
    const step = this.#shift.usedIn(callIdOf(invite), tag) + 1
    const prack = requestInDialog(invite, response, { method: 'PRACK', step, extra }, this.#random)
    if (prack !== null) this.#shift.take(invite, tag)
    return prack
  }
}

/** RFC 3262 §4: anything but the next one is out of order. */
function isNext(known: EarlyDialog | null, rseq: number): boolean {
  return known === null || (rseq === known.lastRSeq + 1 && known.acknowledged < maxPerDialog)
}

/** RSeq: 1 to 2³²−1 (RFC 3262 §7.1). */
function readRSeq(value: string | undefined): number | null {
  if (value === undefined || !/^\d{1,10}$/.test(value)) return null
  const number = Number(value)
  return number >= 1 && number < 2 ** 32 ? number : null
}

function keyOf(response: SipResponse, tag: string): string {
  return `${callIdOf(response)} ${cseqOf(response).sequence} ${tag}`
}
