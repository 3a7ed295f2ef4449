import { utf8 } from '#shared/bytes/bytes.ts'
import type { Aor, MessageId } from '#shared/model/ids.ts'
import { writeReaction } from '#shared/model/reactions.ts'
import { serializeCpim, type CpimContent, type CpimHeader } from '#protocol/cpim/cpim.ts'
import { imdnContent, imdnHeaders, type Disposition, type DispositionRequest } from '#protocol/cpim/imdn.ts'
import type { TypedBody } from './message-cipher.ts'
import {
  editMark,
  sottoNamespace,
  takenBackText,
  timerText,
  withdrawnText,
  type ContactChange,
  type Line,
  type LineContent,
  type Mark,
  type MarkState,
  type OwnCopy,
  type Receipt,
  type WantedReceipts,
} from './wire-forms.ts'

export const cpimType = 'message/cpim'
const plainType = 'text/plain; charset=utf-8'

/** RFC 9078: the part is a reaction to the message that is answered. */
const reactionDisposition = { name: 'Content-Disposition', value: 'reaction' } as const

/** A line as CPIM (docs/messaging.md §2–§4). */
export function writeLine(line: Line): TypedBody {
  const { content, previous, ownCopy } = line
  const about: CpimHeader[] = []
  if (content.kind === 'edit') about.push(header('Replaces', content.target))
  if (content.kind === 'delete') about.push(header('Retracts', content.target))
  if (content.kind === 'reaction') {
    const by = content.of === 'author' ? 'from' : 'to'
    about.push(header('In-Reply-To', content.target), header('In-Reply-To-Author', by))
  }
  if (content.kind === 'timer') about.push(header('Expire-Timer', String(content.seconds)))
  if (content.kind === 'delete' && content.gone !== undefined && ownCopy !== null)
    about.push(header('Gone', String(content.gone)))
  if (line.expiresAfter !== null) about.push(header('Expires-After', String(line.expiresAfter)))
  if (previous !== null) about.push(header('Previous', previous))
  return wrap(
    { ...line, at: line.sentAt },
    [...imdnHeaders(line.messageId, requests(line.wanted)), ...about, ...copyHeaders(ownCopy)],
    {
      contentType: plainType,
      headers: content.kind === 'reaction' ? [reactionDisposition] : [],
      body: utf8(plainLine(content)),
    },
  )
}

/** Whether a line has no words for people: a peer that takes plain text only is not told. */
export function isSilentInPlain(content: LineContent): boolean {
  return content.kind === 'reaction' && content.emojis.length === 0
}

/** The same line for a peer that takes plain text only. */
export function writePlainLine(content: LineContent): TypedBody {
  return { contentType: plainType, payload: utf8(plainLine(content)) }
}

/** A receipt as CPIM around the IMDN document (RFC 5438 §8). */
export function writeReceipt(receipt: Receipt): TypedBody {
  const { state, target, at, author } = receipt
  const disposition: Disposition =
    state === 'displayed' ? { kind: 'display', status: 'displayed' } : { kind: 'delivery', status: 'delivered' }
  return wrap(receipt, imdnHeaders(receipt.messageId, []), report({ target, at, disposition, recipient: author }))
}

const dispositionOfMark: Readonly<Record<MarkState, Disposition>> = {
  read: { kind: 'display', status: 'displayed' },
  delivered: { kind: 'delivery', status: 'delivered' },
  failed: { kind: 'delivery', status: 'failed' },
}

/** A mark for the own devices (docs/messaging.md §5): an IMDN to programs that know nothing of it. */
export function writeMark(mark: Mark): TypedBody {
  const { state, target, at, recipient, ownCopy } = mark
  const headers = [header('Mark', state), header('Target', target), ...copyHeaders(ownCopy)]
  const content = report({ target, at, disposition: dispositionOfMark[state], recipient })
  return wrap(mark, [...imdnHeaders(mark.messageId, []), ...headers], content)
}

/** A change of a contact for the own devices (docs/messaging.md §6): an IMDN about nothing to other programs. */
export function writeContactChange({ entryId, hlc, said, author, recipient, ownCopy }: ContactChange): TypedBody {
  const { policy, name, note } = said
  const flag = (value: boolean | undefined): string | undefined =>
    value === undefined ? undefined : value ? 'yes' : 'no'
  const optional: readonly (readonly [string, string | undefined])[] = [
    ['Policy', policy],
    ['Muted', flag(said.muted)],
    ['Pinned', flag(said.pinned)],
    ['Archived', flag(said.archived)],
    ['Name', name],
    ['Note', note],
  ]
  const headers = [
    ...[header('Mark', 'contact'), header('Counter', String(hlc.counter))],
    ...optional.flatMap(([key, value]) => (value === undefined ? [] : [header(key, value)])),
    ...copyHeaders(ownCopy),
  ]
  // An entry's id is as random as a Message-ID.
  const messageId = entryId as string as MessageId
  const at = hlc.wallMs
  const content = report({ target: messageId, at, disposition: dispositionOfMark.delivered, recipient })
  return wrap({ author, recipient, at }, [...imdnHeaders(messageId, []), ...headers], content)
}

function plainLine(content: LineContent): string {
  switch (content.kind) {
    case 'text':
      return content.text
    case 'edit':
      return `${editMark}${content.text}`
    case 'delete':
      return withdrawnText
    case 'reaction':
      return isSilentInPlain(content) ? takenBackText : writeReaction(content.emojis)
    case 'timer':
      return timerText(content.seconds)
  }
}

function wrap(
  { author, recipient, at }: { readonly author: Aor; readonly recipient: Aor; readonly at: number },
  headers: readonly CpimHeader[],
  content: CpimContent,
): TypedBody {
  const address = (uri: Aor) => ({ displayName: '', uri })
  const payload = serializeCpim({
    ...{ from: address(author), to: [address(recipient)], cc: [], dateTimeMs: at, subject: null, require: [] },
    ...{ headers, content },
  })
  return { contentType: cpimType, payload: Uint8Array.from(payload) }
}

function report(about: {
  readonly target: MessageId
  readonly at: number
  readonly disposition: Disposition
  readonly recipient: Aor
}): CpimContent {
  return imdnContent({
    messageId: about.target,
    dateTimeMs: about.at,
    recipientUri: about.recipient,
    originalRecipientUri: null,
    disposition: about.disposition,
  })
}

function requests(wanted: WantedReceipts): readonly DispositionRequest[] {
  return [
    ...(wanted.delivered ? ['positive-delivery' as const] : []),
    ...(wanted.displayed ? ['display' as const] : []),
  ]
}

function copyHeaders(copy: OwnCopy | null): readonly CpimHeader[] {
  return copy === null ? [] : [header('Own-Copy', copy.direction), header('Device', copy.device)]
}

function header(name: string, value: string): CpimHeader {
  return { namespace: sottoNamespace, name, value, parameters: [] }
}
