import { latestDateTime } from '#shared/model/limits.ts'
import { SottoError } from '#shared/errors.ts'
import { newMessageId } from '#shared/model/derive-ids.ts'
import { emojiOf, withReaction } from '#shared/model/reactions.ts'
import type { RowRef } from '#shared/model/saving.ts'
import type { MessageView } from '#shared/model/views.ts'
import type { OutboxJob } from '#main/history/port.ts'
import { contactJobs } from './contact-changes.ts'
import { commitAndSend, requireConversation, type ChatContext, type Conversation } from './context.ts'
import { copyJobs, lineEntry, lineOrigin, peerJob, targetOf } from './lines.ts'
import { acceptEntries } from './sending.ts'
import type { Line } from './wire-forms.ts'
import { isSilentInPlain } from './wire-write.ts'

/** An emoji that the user put to a message, or took away. */
export type Chosen = RowRef & { readonly emoji: string; readonly chosen: boolean }

/**
 * Answers a message with an emoji, or takes that back: both sides hear all that is left.
 * @throws SottoError `reaction-not-allowed`, `invalid-argument` for what is no emoji, `recipient-blocked`, `not-found`, `disk-full`
 */
export function react(context: ChatContext, { conversationId, author, messageId, ...wish }: Chosen): Promise<void> {
  return context.turns.take(conversationId, async () => {
    const conversation = await requireConversation(context, conversationId)
    const emoji = emojiOf(wish.emoji)
    if (emoji === null) throw new SottoError('invalid-argument')
    if (conversation.policy === 'blocked') throw new SottoError('recipient-blocked')
    const message = await context.reader.message(conversationId, author, messageId)
    if (message === null) throw new SottoError('not-found')
    if (!isAnswerable(message)) throw new SottoError('reaction-not-allowed')
    const held = ownReactions(conversation, message)
    if (held.includes(emoji) === wish.chosen) return
    const emojis = withReaction(held, emoji, wish.chosen)
    const sentAt = await choiceTime(context, conversation, message)
    await commitReaction(context, conversation, reactionLine(context, conversation, { message, emojis, sentAt }))
  })
}

/** Nobody but a file says that the other side knows the message. */
function isAnswerable({ deleted, call, timer, authenticatedBy }: MessageView): boolean {
  return !deleted && call === undefined && timer === undefined && authenticatedBy !== 'file'
}

function ownReactions({ account }: Conversation, { reactions = [] }: MessageView): readonly string[] {
  return reactions.find(({ author }) => author === account.aor)?.emojis ?? []
}

/** After everything the person chose before, on whichever device: its clock may be ahead of this one's. */
async function choiceTime(
  { reader, clock }: ChatContext,
  { id, account }: Conversation,
  message: MessageView,
): Promise<number> {
  const last = (await reader.lastReaction(id, message, account.aor)) ?? 0
  return Math.min(Math.max(clock.now(), last + 1), latestDateTime)
}

function reactionLine(
  { random }: ChatContext,
  { account, peer }: Conversation,
  choice: { readonly message: MessageView; readonly emojis: readonly string[]; readonly sentAt: number },
): Line {
  const { message, emojis, sentAt } = choice
  const of = message.author === account.aor ? 'author' : 'recipient'
  return {
    ...{ author: account.aor, recipient: peer, messageId: newMessageId(random), sentAt },
    content: { kind: 'reaction', target: message.messageId, of, emojis },
    ...{ previous: null, ownCopy: null, expiresAfter: null, wanted: { delivered: false, displayed: false } },
  }
}

/** What was not sent yet of an earlier choice is not sent any more: the newer one says it all. */
async function commitReaction(context: ChatContext, conversation: Conversation, line: Line): Promise<void> {
  const { outbox, plainText } = context
  const isUnsaid = isSilentInPlain(line.content) && plainText.has(conversation.id)
  const accepting = acceptEntries(context, conversation)
  const entry = lineEntry(context, conversation, { line, path: null, origin: lineOrigin(context, conversation) })
  const addJobs = [
    ...contactJobs(context, conversation, accepting),
    ...(isUnsaid ? [] : [await peerJob(context, conversation, line)]),
    ...copyJobs(context, conversation, line),
  ]
  const withdrawn = await withdrawUnsent(context, conversation, line)
  try {
    const removeJobs = withdrawn.map(({ id }) => id)
    await commitAndSend(context, { entries: [...accepting, entry], addJobs, removeJobs })
  } catch (error) {
    outbox.takeBack(withdrawn)
    throw error
  }
}

async function withdrawUnsent(
  { reader, outbox }: ChatContext,
  { id }: Conversation,
  line: Line,
): Promise<readonly OutboxJob[]> {
  const pending = await reader.jobsOf(id, targetOf(line))
  return pending.filter((job) => job.kind === 'reaction' && outbox.withdraw(job.id))
}
