import { utf8 } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import { newMessageId } from '#shared/model/derive-ids.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { ConversationId, MessageId } from '#shared/model/ids.ts'
import type { MessageView } from '#shared/model/views.ts'
import type { OutboxJob } from '#main/history/port.ts'
import { withoutMarks } from './body-text.ts'
import { commitAndSend, ownOrigin, requireConversation, type ChatContext, type Conversation } from './context.ts'
import { contactJobs } from './contact-changes.ts'
import { agreedTimer, copyJobs, lastMessageOf, lineEntry, lineOrigin, peerJob } from './lines.ts'
import { maxOutgoingTextBytes } from './limits.ts'
import type { Line, LineContent } from './wire-forms.ts'

interface MessageRef {
  readonly conversationId: ConversationId
  readonly messageId: MessageId
}

/** What the user writes: each change and all it sends are one commit. */
export class Sending {
  readonly #context: ChatContext
  /** What this device sent last, per conversation: it is what must not be overtaken. */
  readonly #last = new Map<ConversationId, MessageId>()

  constructor(context: ChatContext) {
    this.#context = context
  }

  /**
   * Resolves with the message's id and the conversation as it was before.
   * @throws SottoError `message-empty`, `message-too-large`, `recipient-blocked`, `not-found`, `disk-full`.
   */
  send({
    conversationId,
    text,
  }: {
    readonly conversationId: ConversationId
    readonly text: string
  }): Promise<{ readonly messageId: MessageId; readonly conversation: Conversation }> {
    return this.#context.turns.take(conversationId, async () => {
      const conversation = await this.#writable(conversationId)
      const line = await this.#textLine(conversation, checkedText(text))
      const entry = lineEntry(this.#context, conversation, {
        ...{ line, path: null, origin: lineOrigin(this.#context, conversation) },
      })
      const accepting = acceptEntries(this.#context, conversation)
      await commitAndSend(this.#context, {
        entries: [...accepting, entry],
        addJobs: [
          ...contactJobs(this.#context, conversation, accepting),
          await peerJob(this.#context, conversation, line),
          ...copyJobs(this.#context, conversation, line),
        ],
        ...clearedDraft(conversation),
      })
      this.#last.set(conversationId, line.messageId)
      return { messageId: line.messageId, conversation }
    })
  }

  /** @throws SottoError `edit-not-allowed` for anything but an own message that still stands. */
  edit(request: MessageRef & { readonly text: string }): Promise<void> {
    return this.#context.turns.take(request.conversationId, async () => {
      const conversation = await this.#writable(request.conversationId)
      const text = checkedText(request.text)
      const message = await this.#ownMessage(conversation, request.messageId)
      if (message.text === text) return
      const line = this.#line(conversation, { kind: 'edit', target: message.messageId, text })
      await this.#sendLine(conversation, line)
    })
  }

  /**
   * Withdraws an own message; what was never handed over is simply not sent. A call, whoever made it, goes from this device
   * and nobody is told.
   * @throws SottoError `edit-not-allowed`
   */
  delete(request: MessageRef): Promise<void> {
    return this.#context.turns.take(request.conversationId, async () => {
      const { outbox, reader } = this.#context
      const conversation = await requireConversation(this.#context, request.conversationId)
      const call = await this.#call(conversation, request.messageId)
      if (call !== null) return this.#deleteCall(conversation, call)
      const message = await this.#ownMessage(conversation, request.messageId)
      const line = this.#line(conversation, { kind: 'delete', target: message.messageId })
      const pending = (await reader.jobsOf(conversation.id, message.messageId)).filter(({ kind }) => kind !== 'receipt')
      const withdrawn = pending.filter(({ id }) => outbox.withdraw(id))
      // The count of attempts is written after the hand-over, and a crash in between leaves it at 0.
      const unsent = withdrawn.filter(({ id }) => outbox.hasNeverLeft(id))
      const addJobs = [
        ...(unsent.some(({ kind }) => kind === 'message') || conversation.policy === 'blocked'
          ? []
          : [await peerJob(this.#context, conversation, line)]),
        ...(unsent.some(isCopyOf(message)) ? [] : copyJobs(this.#context, conversation, line)),
      ]
      const entries = [
        lineEntry(this.#context, conversation, { line, path: null, origin: ownOrigin(conversation.account) }),
      ]
      try {
        await commitAndSend(this.#context, { entries, addJobs, removeJobs: withdrawn.map(({ id }) => id) })
      } catch (error) {
        outbox.takeBack(withdrawn)
        throw error
      }
    })
  }

  /** Sends a failed message again, under its own Message-ID, so that a copy that did arrive stays one. */
  retry({ conversationId, messageId }: MessageRef): Promise<void> {
    return this.#context.turns.take(conversationId, async () => {
      const conversation = await this.#writable(conversationId)
      const message = await this.#ownMessage(conversation, messageId)
      if (message.state !== 'failed') return
      const line: Line = {
        ...this.#line(conversation, { kind: 'text', text: message.text }),
        ...{ messageId, sentAt: message.sentAt, expiresAfter: message.expiresAfter ?? null },
      }
      const queued = this.#context.entries.make(ownOrigin(conversation.account), {
        ...{ kind: 'delivery', conversation: conversationId, peer: conversation.peer },
        ...{ author: conversation.account.aor, target: messageId, state: 'queued', at: this.#context.clock.now() },
      })
      await commitAndSend(this.#context, {
        entries: [queued],
        addJobs: [await peerJob(this.#context, conversation, line), ...copyJobs(this.#context, conversation, line)],
      })
    })
  }

  async #sendLine(conversation: Conversation, line: Line): Promise<void> {
    const origin = lineOrigin(this.#context, conversation)
    await commitAndSend(this.#context, {
      entries: [lineEntry(this.#context, conversation, { line, path: null, origin })],
      addJobs: [await peerJob(this.#context, conversation, line), ...copyJobs(this.#context, conversation, line)],
    })
  }

  async #writable(id: ConversationId): Promise<Conversation> {
    const conversation = await requireConversation(this.#context, id)
    if (conversation.policy === 'blocked') throw new SottoError('recipient-blocked')
    return conversation
  }

  async #ownMessage(conversation: Conversation, messageId: MessageId): Promise<MessageView> {
    const message = await this.#context.reader.message(conversation.id, conversation.account.aor, messageId)
    if (message === null || message.deleted || !isText(message) || message.authenticatedBy === 'file')
      throw new SottoError('edit-not-allowed')
    return message
  }

  async #call({ id, account, peer }: Conversation, messageId: MessageId): Promise<MessageView | null> {
    const own = await this.#context.reader.message(id, account.aor, messageId)
    const message = own ?? (await this.#context.reader.message(id, peer, messageId))
    return message?.call === undefined ? null : message
  }

  async #deleteCall({ id, account, peer }: Conversation, { author, messageId }: MessageView): Promise<void> {
    const { entries, writer, random, clock } = this.#context
    const entry = entries.make(ownOrigin(account), {
      ...{ kind: 'delete', conversation: id, peer, author, target: messageId },
      ...{ messageId: newMessageId(random), sentAt: clock.now() },
    })
    await writer.commit({ entries: [entry] })
  }

  async #textLine(conversation: Conversation, text: string): Promise<Line> {
    const { id, account } = conversation
    const previous = this.#last.get(id) ?? (await lastMessageOf(this.#context, conversation, account.aor))
    const seconds = agreedTimer(conversation)
    const expiresAfter = seconds === 0 ? null : seconds
    return { ...this.#line(conversation, { kind: 'text', text }), previous, expiresAfter }
  }

  #line({ account, peer }: Conversation, content: LineContent): Line {
    const asks = content.kind === 'text' && peer !== account.aor
    return {
      ...{ author: account.aor, recipient: peer, messageId: newMessageId(this.#context.random) },
      ...{ sentAt: this.#context.clock.now(), content, previous: null, ownCopy: null, expiresAfter: null },
      wanted: { delivered: asks, displayed: asks },
    }
  }
}

function isText({ call, file, timer }: MessageView): boolean {
  return call === undefined && file === undefined && timer === undefined
}

function isCopyOf(message: MessageView): (job: OutboxJob) => boolean {
  return (job) => job.kind === 'own-copy' && job.messageId === message.messageId
}

function checkedText(text: string): string {
  // Other devices get the text over SIP and from the replica: it has to be the same either way.
  const whole = withoutMarks(text.toWellFormed()).replace(/\r\n?/g, '\n')
  if (whole.trim() === '') throw new SottoError('message-empty')
  if (utf8(whole).length > maxOutgoingTextBytes) throw new SottoError('message-too-large')
  return whole
}

/** Whoever writes to somebody knows him: a stranger's request is accepted by the answer. */
export function acceptEntries(context: ChatContext, { id, peer, account, policy }: Conversation): readonly Entry[] {
  if (policy === 'accepted' || policy === 'self') return []
  return [context.entries.make(ownOrigin(account), { kind: 'contact', conversation: id, peer, policy: 'accepted' })]
}

function clearedDraft({ id, account, peer, view }: Conversation) {
  if (view === null || view.draft === '') return {}
  return { draft: { conversation: id, accountAor: account.aor, peer, text: '' } }
}
