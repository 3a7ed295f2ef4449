/** Reason (RFC 3326) of a CANCEL or BYE. */
import { SipParseError } from '../errors.ts'
import { parseParameters, quote, splitList } from '../scan.ts'
import type { EndReason } from './sip-session.ts'

const maxTextLength = 200

/** The first reason of the SIP protocol among the values of Reason headers, else the first at all; null without one. */
export function readReason(values: readonly string[]): EndReason | null {
  const reasons = values
    .flatMap(itemsOf)
    .map(readOne)
    .filter((reason) => reason !== null)
  return reasons.find(({ status }) => status !== null) ?? reasons[0] ?? null
}

function itemsOf(value: string): string[] {
  try {
    return splitList(value)
  } catch (error) {
    if (error instanceof SipParseError) return []
    throw error
  }
}

function readOne(item: string): EndReason | null {
  const semicolon = item.indexOf(';')
  if (semicolon < 0) return null
  try {
    const parameters = parseParameters(item.slice(semicolon))
    const cause = parameters.get('cause') ?? ''
    const isSip = item.slice(0, semicolon).trim().toUpperCase() === 'SIP'
    const status = isSip && /^[2-6]\d\d$/.test(cause) ? Number(cause) : null
    return { status, text: (parameters.get('text') ?? '').slice(0, maxTextLength) }
  } catch (error) {
    if (error instanceof SipParseError) return null
    throw error
  }
}

/** Value for a Reason header. */
export function writeReason({ status, text }: EndReason): string {
  const cause = status === null ? '' : `;cause=${status}`
  return `SIP${cause}${text === '' ? '' : `;text=${quote(text.replace(/\p{Cc}/gu, ' '))}`}`
}

/** True when another device of the user took the call, or refused it for all of them. */
export function isElsewhere(reason: EndReason | null): boolean {
  const status = reason?.status ?? 0
  return status === 200 || status >= 600
}
