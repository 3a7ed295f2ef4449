import { ProtocolError } from '#shared/errors.ts'
import { cleanDisplayName } from '#shared/model/display-name.ts'
import { maxHlcCounter } from '#shared/model/hlc.ts'
import type { Aor, DeviceId, EntryId, MessageId } from '#shared/model/ids.ts'
import { maxNameLength, maxNoteLength } from '#shared/model/limits.ts'
import { findCpimHeader, type CpimMessage } from '#protocol/cpim/cpim.ts'
import { sottoNamespace, type ContactSaid, type OwnCopy, type WireBody } from './wire-forms.ts'

/** Why a body is none of ours; the sender hears 400, or 413 for `too-long`. */
export type WireErrorCode =
  'bad-address' | 'bad-message-id' | 'must-understand' | 'bad-own-copy' | 'bad-number' | 'bad-reaction' | 'too-long'

interface CopyEnds {
  readonly author: Aor | null
  readonly recipient: Aor | null
  readonly ownCopy: OwnCopy | null
}

/** The headers by which own devices know a copy; null without them. @throws ProtocolError */
export function readOwnCopy(message: CpimMessage): OwnCopy | null {
  const direction = sotto(message, 'Own-Copy')
  if (direction === null) return null
  const device = sotto(message, 'Device') ?? ''
  if (direction !== 'outgoing' && direction !== 'incoming') return refuse()
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(device)) return refuse()
  return { direction, device: device as DeviceId }
}

/** What own devices tell each other besides lines; null for a line. @throws ProtocolError */
export function readMark(message: CpimMessage, ends: CopyEnds): WireBody | null {
  const state = sotto(message, 'Mark')
  if (state === null) return null
  const { author, recipient, ownCopy } = ends
  if (ownCopy === null || author === null || recipient === null) return refuse()
  if (state === 'contact') return readContactChange(message, { author, recipient, ownCopy })
  const target = idHeader(message, 'Target')
  if (target === null || (state !== 'read' && state !== 'delivered' && state !== 'failed')) return refuse()
  return { kind: 'mark', author, recipient, target, state, ownCopy }
}

function readContactChange(
  message: CpimMessage,
  ends: { readonly author: Aor; readonly recipient: Aor; readonly ownCopy: OwnCopy },
): WireBody {
  const entryId = findCpimHeader(message, 'urn:ietf:params:imdn', 'Message-ID') ?? ''
  const counter = sotto(message, 'Counter') ?? ''
  const wallMs = message.dateTimeMs ?? -1
  if (!/^[A-Za-z0-9_-]{22}$/.test(entryId) || !/^\d{1,4}$/.test(counter) || wallMs < 0) return refuse()
  if (Number(counter) > maxHlcCounter) return refuse()
  const said = readSaid(message)
  return { kind: 'contact', ...ends, entryId: entryId as EntryId, hlc: { wallMs, counter: Number(counter) }, said }
}

const policies = { accepted: 'accepted', blocked: 'blocked' } as const
const answers = { yes: true, no: false } as const

function readSaid(message: CpimMessage): ContactSaid {
  const policy = oneOf(message, 'Policy', policies)
  const flag = (name: string) => oneOf(message, name, answers)
  const [muted, pinned, archived] = [flag('Muted'), flag('Pinned'), flag('Archived')]
  const [name, note] = [textUpTo(message, 'Name', maxNameLength), textUpTo(message, 'Note', maxNoteLength)]
  return {
    ...(policy === null ? {} : { policy }),
    ...(muted === null ? {} : { muted }),
    ...(pinned === null ? {} : { pinned }),
    ...(archived === null ? {} : { archived }),
    ...(name === null ? {} : { name: cleanDisplayName(name) }),
    ...(note === null ? {} : { note: note.toWellFormed() }),
  }
}

/** What the word of a header stands for; null without the header. */
function oneOf<Value>(message: CpimMessage, name: string, meanings: Readonly<Record<string, Value>>): Value | null {
  const word = sotto(message, name)
  if (word === null) return null
  const meaning = Object.hasOwn(meanings, word) ? meanings[word] : undefined
  return meaning ?? refuse()
}

function textUpTo(message: CpimMessage, name: string, maxLength: number): string | null {
  const text = sotto(message, name)
  return text !== null && text.length > maxLength ? refuse() : text
}

/** A whole number in one of our headers, at most `max`; null without it. @throws ProtocolError */
export function numberHeader(message: CpimMessage, name: string, max: number): number | null {
  const value = sotto(message, name)
  if (value === null) return null
  const number = /^\d{1,16}$/.test(value) ? Number(value) : NaN
  if (!Number.isSafeInteger(number)) throw new ProtocolError<WireErrorCode>('bad-number')
  return Math.min(number, max)
}

/** An id in one of our headers; null without it. @throws ProtocolError */
export function idHeader(message: CpimMessage, name: string): MessageId | null {
  const value = sotto(message, name)
  return value === null ? null : messageIdFrom(value)
}

/** @throws ProtocolError for what is no id. */
export function messageIdFrom(text: string): MessageId {
  if (!/^[\u0021-\u007e]{1,256}$/.test(text)) throw new ProtocolError<WireErrorCode>('bad-message-id')
  return text as MessageId
}

/** Which message a line answers with emoji (RFC 9078), and whose it is; null for any other line. @throws ProtocolError */
export function readReactionTo(message: CpimMessage): { target: MessageId; of: 'author' | 'recipient' } | null {
  const disposition = message.content.headers.find(({ name }) => name.toLowerCase() === 'content-disposition')
  const target = idHeader(message, 'In-Reply-To')
  if (target === null || !/^reaction\s*(?:;|$)/i.test(disposition?.value.trim() ?? '')) return null
  const by = sotto(message, 'In-Reply-To-Author')
  if (by !== 'from' && by !== 'to') throw new ProtocolError<WireErrorCode>('bad-reaction')
  return { target, of: by === 'from' ? 'author' : 'recipient' }
}

function sotto(message: CpimMessage, name: string): string | null {
  return findCpimHeader(message, sottoNamespace, name)
}

function refuse(): never {
  throw new ProtocolError<WireErrorCode>('bad-own-copy')
}
