import { newMessageId } from '#shared/model/derive-ids.ts'
import type { ConversationId } from '#shared/model/ids.ts'
import type { MessageView } from '#shared/model/views.ts'
import type { OutboxJob } from '#main/history/port.ts'
import { commitAndSend, ownOrigin, requireConversation, type ChatContext, type Conversation } from './context.ts'
import { readStep } from './limits.ts'
import { writeMark, writeReceipt } from './wire-write.ts'

/** The user has read: marks it, tells authors who asked, and tells the other own devices. */
export function markRead(
  context: ChatContext,
  request: { readonly conversationId: ConversationId; readonly position: number },
): Promise<void> {
  return context.turns.take(request.conversationId, async () => {
    const conversation = await requireConversation(context, request.conversationId)
    context.notifications.withdraw(conversation.id)
    for (;;) {
      const unread = await context.reader.unreadUpTo(conversation.id, request.position, readStep)
      const last = unread.at(-1)
      if (last === undefined) return
      await commitRead(context, conversation, unread, last)
      if (unread.length < readStep) return
    }
  })
}

async function commitRead(
  context: ChatContext,
  conversation: Conversation,
  unread: readonly MessageView[],
  last: MessageView,
): Promise<void> {
  const { id, peer, account } = conversation
  const read = { kind: 'read', conversation: id, peer, target: last.messageId, targetAuthor: last.author } as const
  await commitAndSend(context, {
    entries: [context.entries.make(ownOrigin(account), { ...read, at: context.clock.now() })],
    addJobs: [
      ...(await displayedReceipts(context, conversation, unread)),
      ...(peer === account.aor ? [] : [readMark(context, conversation, last)]),
    ],
  })
}

/** Only for contacts the user accepted, and only if the account may: strangers learn nothing. */
async function displayedReceipts(
  context: ChatContext,
  conversation: Conversation,
  unread: readonly MessageView[],
): Promise<readonly OutboxJob[]> {
  if (conversation.policy !== 'accepted' || !conversation.account.sendReceipts) return []
  const asked = unread.filter((message) => message.displayReceipt === true && !message.deleted)
  const jobs = await Promise.all(
    asked.map(({ messageId }) => receiptJob(context, conversation, messageId, 'displayed')),
  )
  return jobs.filter((job) => job !== null)
}

/** The job that tells an author about his message; null when the cipher has no way to. */
export async function receiptJob(
  context: ChatContext,
  { id, account, peer }: Conversation,
  target: MessageView['messageId'],
  state: 'delivered' | 'displayed',
): Promise<OutboxJob | null> {
  const messageId = newMessageId(context.random)
  const receipt = { author: account.aor, recipient: peer, messageId, target, state, at: context.clock.now() }
  const sealed = await context.cipher.seal({ conversation: id, account: account.aor, peer }, writeReceipt(receipt))
  if (!sealed.ok) return null
  const order = { account, kind: 'receipt', conversation: id, destination: peer, messageId, target } as const
  return context.jobs.make({ ...order, body: sealed.value })
}

function readMark(context: ChatContext, { id, account }: Conversation, last: MessageView): OutboxJob {
  const messageId = newMessageId(context.random)
  const ownCopy = { direction: 'incoming', device: account.deviceId } as const
  const about = { author: last.author, recipient: account.aor, target: last.messageId, at: context.clock.now() }
  return context.jobs.make({
    ...{ account, kind: 'own-copy', conversation: id, destination: account.aor },
    ...{ messageId, target: last.messageId, body: writeMark({ ...about, messageId, state: 'read', ownCopy }) },
  })
}
