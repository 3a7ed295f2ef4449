import { ProtocolError } from '#shared/errors.ts'
import { parseAor } from '#shared/model/aor.ts'
import type { Aor } from '#shared/model/ids.ts'
import { maxExpirySeconds, maxTextLength } from '#shared/model/limits.ts'
import { parseReaction } from '#shared/model/reactions.ts'
import { mediaTypeOf, parseCpim, type CpimMessage } from '#protocol/cpim/cpim.ts'
import { imdnMediaType, imdnMessageId, parseImdn, requestedDispositions, type ImdnReport } from '#protocol/cpim/imdn.ts'
import { isComposingMediaType, parseIsComposing } from '#protocol/cpim/is-composing.ts'
import { readableText } from './body-text.ts'
import {
  idHeader,
  messageIdFrom,
  numberHeader,
  readMark,
  readOwnCopy,
  readReactionTo,
  type WireErrorCode,
} from './wire-read-own.ts'
import type { TypedBody } from './message-cipher.ts'
import { editMark, takenBackText, type LineContent, type OwnCopy, type WireBody } from './wire-forms.ts'
import { cpimType } from './wire-write.ts'

const noReceipts = { delivered: false, displayed: false } as const

/**
 * Reads a body of any kind; `transportId` stands in where it carries no Message-ID.
 * @throws ProtocolError for malformed CPIM, XML, addresses and ids
 */
export function readBody(body: TypedBody, transportId: string): WireBody {
  if (mediaTypeOf(body.contentType) === cpimType) return readWrapped(parseCpim(body.payload), transportId)
  const special = readSpecial(body, null, null)
  if (special !== null) return special
  return {
    ...{ kind: 'line', author: null, recipient: null, sentAt: null, previous: null, ownCopy: null },
    ...{ messageId: messageIdFrom(transportId), wanted: noReceipts, wrapped: false, expiresAfter: null },
    content: { kind: 'text', text: textOf(body, null) },
  }
}

function readWrapped(message: CpimMessage, transportId: string): WireBody {
  if (message.require.length > 0) throw new ProtocolError<WireErrorCode>('must-understand')
  const author = message.from === null ? null : aorOf(message.from.uri)
  const ownCopy = readOwnCopy(message)
  const mark = readMark(message, { author, recipient: firstRecipient(message), ownCopy })
  if (mark !== null) return mark
  const inner = { contentType: message.content.contentType, payload: message.content.body }
  const special = readSpecial(inner, author, ownCopy)
  if (special !== null) return special
  const content = contentOf(message, inner, ownCopy !== null)
  if (content === null) return { kind: 'nothing', author, ownCopy }
  const asked = requestedDispositions(message)
  return {
    ...{ kind: 'line', author, recipient: firstRecipient(message), ownCopy, wrapped: true },
    messageId: messageIdFrom(imdnMessageId(message) ?? transportId),
    sentAt: message.dateTimeMs !== null && message.dateTimeMs >= 0 ? message.dateTimeMs : null,
    content,
    expiresAfter: numberHeader(message, 'Expires-After', maxExpirySeconds),
    previous: idHeader(message, 'Previous'),
    wanted: { delivered: asked.includes('positive-delivery'), displayed: asked.includes('display') },
  }
}

/** Receipts and is-composing, wrapped or bare; null for what people read. */
function readSpecial(body: TypedBody, author: Aor | null, ownCopy: OwnCopy | null): WireBody | null {
  const type = mediaTypeOf(body.contentType)
  if (type === imdnMediaType) {
    const report = parseImdn(body.payload)
    return { kind: 'receipt', author, target: messageIdFrom(report.messageId), state: stateOf(report), ownCopy }
  }
  if (type !== isComposingMediaType) return null
  const { state, refreshSeconds } = parseIsComposing(body.payload)
  return { kind: 'typing', author, active: state === 'active', refreshSeconds, ownCopy }
}

function stateOf({ disposition }: ImdnReport): 'delivered' | 'displayed' | null {
  const { status } = disposition
  return status === 'delivered' || status === 'displayed' ? status : null
}

/** Null for a reaction of which nothing is known: it neither says anything nor takes anything back. */
function contentOf(message: CpimMessage, inner: TypedBody, isCopy: boolean): LineContent | null {
  const seconds = numberHeader(message, 'Expire-Timer', maxExpirySeconds)
  if (seconds !== null) return { kind: 'timer', seconds }
  const replaces = idHeader(message, 'Replaces')
  if (replaces !== null) {
    const text = textOf(inner, null)
    return { kind: 'edit', target: replaces, text: text.startsWith(editMark) ? text.slice(editMark.length) : text }
  }
  const retracts = idHeader(message, 'Retracts')
  if (retracts !== null) {
    const gone = isCopy ? numberHeader(message, 'Gone', Number.MAX_SAFE_INTEGER) : null
    return { kind: 'delete', target: retracts, ...(gone === null ? {} : { gone }) }
  }
  const reactionTo = readReactionTo(message)
  if (reactionTo !== null) {
    const words = textOf(inner, null).trim()
    const emojis = parseReaction(words)
    const isTakenBack = words === '' || words === takenBackText
    return emojis.length === 0 && !isTakenBack ? null : { kind: 'reaction', ...reactionTo, emojis }
  }
  return { kind: 'text', text: textOf(inner, message.subject) }
}

function textOf(body: TypedBody, subject: string | null): string {
  const text = readableText(body.contentType, body.payload)
  const whole = subject === null || subject === '' ? text : `${subject}\n${text}`
  if (whole.length > maxTextLength) throw new ProtocolError<WireErrorCode>('too-long')
  return whole
}

function firstRecipient(message: CpimMessage): Aor | null {
  const [first] = message.to
  return first === undefined ? null : aorOf(first.uri)
}

/** The address-of-record of a CPIM address: `sip`, `im` and `pres` name the same person (RFC 3861, RFC 3859). */
function aorOf(uri: string): Aor {
  const match = /^(?:sips?|im|pres):([^@]{1,128}@[^;?@]{1,300})/i.exec(uri)
  const parsed = parseAor(match?.[1]?.replace(/:\d{1,5}$/, '') ?? '')
  if (!parsed.ok) throw new ProtocolError<WireErrorCode>('bad-address')
  return parsed.value
}
