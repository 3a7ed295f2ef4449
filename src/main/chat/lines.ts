import { SottoError } from '#shared/errors.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { EntryOrigin } from '#shared/model/entry-factory.ts'
import type { Aor, MessageId } from '#shared/model/ids.ts'
import { writeReaction } from '#shared/model/reactions.ts'
import type { MessagePath } from '#shared/model/views.ts'
import type { JobKind, OutboxJob } from '#main/history/port.ts'
import { ownOrigin, serverOrigin, type ChatContext, type Conversation } from './context.ts'
import type { TypedBody } from './message-cipher.ts'
import type { Line, LineContent, WantedReceipts } from './wire-forms.ts'
import { writeLine, writePlainLine } from './wire-write.ts'

const jobKind: Readonly<Record<LineContent['kind'], JobKind>> = {
  text: 'message',
  timer: 'message',
  edit: 'edit',
  delete: 'delete',
  reaction: 'reaction',
}
const noReceipts: WantedReceipts = { delivered: false, displayed: false }

/** The message that a line is about: itself, or the one it edits, deletes or answers. */
export function targetOf(line: Pick<Line, 'messageId' | 'content'>): MessageId {
  return 'target' in line.content ? line.content.target : line.messageId
}

/** Who wrote the message that a line is about. */
export function targetAuthorOf({ account, peer }: Pick<Conversation, 'account' | 'peer'>, line: Line): Aor {
  if (line.content.kind !== 'reaction' || line.content.of === 'author') return line.author
  return line.author === account.aor ? peer : account.aor
}

/** As strong as what carries the line to the peer and to the own devices. */
export function lineOrigin(context: ChatContext, { account, id, peer }: Conversation): EntryOrigin {
  const { cipher } = context.cipher.state({ conversation: id, account: account.aor, peer })
  return cipher === 'none' ? serverOrigin(account) : ownOrigin(account)
}

/** The entry that a line becomes, ours or another's. */
export function lineEntry(
  context: ChatContext,
  conversation: Conversation,
  observed: { readonly line: Line; readonly origin: EntryOrigin; readonly path: MessagePath | null },
): Entry {
  const { line, origin, path } = observed
  const { author, messageId, sentAt, content } = line
  const by = { conversation: conversation.id, peer: conversation.peer, author, messageId, sentAt }
  if (content.kind === 'edit')
    return context.entries.make(origin, { ...by, kind: 'edit', target: content.target, text: content.text })
  if (content.kind === 'delete') return context.entries.make(origin, { ...by, ...deleteBody(content) })
  if (content.kind === 'reaction') {
    const about = { target: content.target, targetAuthor: targetAuthorOf(conversation, line) }
    return context.entries.make(origin, { ...by, ...about, kind: 'reaction', emojis: writeReaction(content.emojis) })
  }
  if (content.kind === 'timer')
    return context.entries.make(origin, { ...by, kind: 'timer', expiresAfter: content.seconds })
  const expiresAfter = agreedExpiry(conversation, line)
  return context.entries.make(origin, {
    ...{ ...by, kind: 'message', contentType: 'text/plain', text: content.text },
    ...(path === null ? {} : { path }),
    ...(line.wanted.displayed ? { displayReceipt: true } : {}),
    ...(expiresAfter === 0 ? {} : { expiresAfter }),
  })
}

function deleteBody({ target, gone }: Extract<LineContent, { readonly kind: 'delete' }>) {
  return { kind: 'delete', target, ...(gone === undefined ? {} : ({ gone: true, place: gone } as const)) } as const
}

/** Seconds after which messages of a conversation disappear: the shorter of what both ends said; 0 = never. */
export function agreedTimer({ view, policy }: Pick<Conversation, 'view' | 'policy'>): number {
  const { own, peer } = view?.timers ?? { own: 0, peer: 0 }
  return policy === 'self' ? own : Math.min(own, peer)
}

/** What the author of a line says counts only while the user agrees; nobody else makes messages disappear here. */
function agreedExpiry(conversation: Conversation, { expiresAfter }: Line): number {
  const own = conversation.view?.timers.own ?? 0
  return expiresAfter === null || own === 0 ? 0 : expiresAfter
}

/**
 * The bytes for the peer: sealed CPIM, or plain text if the peer is known to take nothing else and nothing is sealed.
 * @throws SottoError `send-refused` when the cipher has no way to seal: never silently in clear.
 */
export async function peerBody(context: ChatContext, conversation: Conversation, line: Line): Promise<TypedBody> {
  const ends = { conversation: conversation.id, account: conversation.account.aor, peer: conversation.peer }
  if (context.cipher.state(ends).cipher === 'none' && context.plainText.has(conversation.id))
    return writePlainLine(line.content)
  const sealed = await context.cipher.seal(ends, writeLine(line))
  if (!sealed.ok) throw new SottoError('send-refused')
  return sealed.value
}

/** The job that brings a line to the peer. */
export async function peerJob(context: ChatContext, conversation: Conversation, line: Line): Promise<OutboxJob> {
  return context.jobs.make({
    ...{ account: conversation.account, kind: jobKind[line.content.kind], conversation: conversation.id },
    ...{ destination: conversation.peer, messageId: line.messageId, target: targetOf(line) },
    body: await peerBody(context, conversation, line),
  })
}

/** The job that copies a line to the own other devices; none for lines to oneself, which get there anyway. */
export function copyJobs(context: ChatContext, conversation: Conversation, line: Line): readonly OutboxJob[] {
  const { account, peer } = conversation
  if (peer === account.aor) return []
  const outgoing = line.author === account.aor
  const ownCopy = { direction: outgoing ? 'outgoing' : 'incoming', device: account.deviceId } as const
  // Who reads an incoming line elsewhere tells its author from there.
  const wanted = outgoing ? noReceipts : line.wanted
  return [
    context.jobs.make({
      ...{ account, kind: 'own-copy', conversation: conversation.id, destination: account.aor },
      ...{ messageId: line.messageId, target: targetOf(line) },
      body: writeLine({ ...line, ownCopy, wanted }),
    }),
  ]
}

/** The author's newest message in a conversation, for the Previous header; null without one. */
export async function lastMessageOf(
  context: ChatContext,
  conversation: Conversation,
  author: Aor,
): Promise<MessageId | null> {
  if (conversation.view === null) return null
  const newest = await context.reader.page({ conversationId: conversation.id, anchor: { at: 'newest' }, limit: 30 })
  const last = newest.messages.findLast((message) => {
    return message.author === author && !message.deleted && message.call === undefined && message.file === undefined
  })
  return last?.messageId ?? null
}
