import { SottoError } from '#shared/errors.ts'
import { newMessageId } from '#shared/model/derive-ids.ts'
import type { ContactBody } from '#shared/model/entry.ts'
import type { Aor, ConversationId, MessageId } from '#shared/model/ids.ts'
import type { RowRef } from '#shared/model/saving.ts'
import type { MessageView } from '#shared/model/views.ts'
import type { OutboxJob } from '#main/history/port.ts'
import { commitContact } from './contact-changes.ts'
import { commitAndSend, ownOrigin, requireConversation, type ChatContext, type Conversation } from './context.ts'
import { copyJobs, lineEntry, peerJob } from './lines.ts'
import type { Line, LineContent } from './wire-forms.ts'

/** How long things are kept and where they stand: for the user alone, but for the timer of disappearing messages. */
export class Keeping {
  readonly #context: ChatContext

  constructor(context: ChatContext) {
    this.#context = context
  }

  /** Says something about the conversation, which the own other devices hear as far as they may. */
  say(id: ConversationId, said: Pick<ContactBody, 'muted' | 'pinned' | 'archived' | 'keepDays'>): Promise<void> {
    return this.#inTurn(id, async (conversation) => {
      const body = { kind: 'contact', conversation: id, peer: conversation.peer, ...said } as const
      await commitContact(
        this.#context,
        conversation,
        this.#context.entries.make(ownOrigin(conversation.account), body),
      )
    })
  }

  /** Removes a row from all own devices. @throws SottoError `not-found`, `edit-not-allowed` for what is no message. */
  remove({ conversationId, author, messageId }: RowRef): Promise<void> {
    return this.#inTurn(conversationId, async (conversation) => {
      const message = await this.#row(conversation, author, messageId)
      if (message.timer !== undefined) throw new SottoError('edit-not-allowed')
      const content = { kind: 'delete', target: messageId, gone: message.position } as const
      const line = this.#line(conversation, author, content)
      await this.#commitLine(conversation, line, [])
    })
  }

  /** @throws SottoError `not-found` */
  setBookmarked({ bookmarked: marked, ...ref }: RowRef & { readonly bookmarked: boolean }): Promise<void> {
    return this.#inTurn(ref.conversationId, async (conversation) => {
      const { author: targetAuthor, messageId: target } = ref
      const { id, peer, account } = conversation
      await this.#row(conversation, targetAuthor, target)
      const at = this.#context.clock.now()
      const body = { kind: 'bookmark', conversation: id, peer, target, targetAuthor, marked, at } as const
      await this.#context.writer.commit({ entries: [this.#context.entries.make(ownOrigin(account), body)] })
    })
  }

  /**
   * Says to the other side after how many seconds messages shall disappear. It takes effect once that side has said so too.
   * @throws SottoError `recipient-blocked`
   */
  setTimer(id: ConversationId, seconds: number): Promise<void> {
    return this.#inTurn(id, async (conversation) => {
      if (conversation.policy === 'blocked') throw new SottoError('recipient-blocked')
      if (conversation.view?.timers.own === seconds) return
      const line = this.#line(conversation, conversation.account.aor, { kind: 'timer', seconds })
      await this.#commitLine(conversation, line, [await peerJob(this.#context, conversation, line)])
    })
  }

  /** Erases the conversation on this device: what is unsent of it is not sent any more. */
  erase(id: ConversationId): Promise<void> {
    return this.#context.turns.take(id, async () => {
      this.#context.outbox.withdrawAll(id)
      this.#context.notifications.withdraw(id)
      await this.#context.writer.commit({ eraseConversations: [id] })
    })
  }

  #inTurn(id: ConversationId, change: (conversation: Conversation) => Promise<void>): Promise<void> {
    return this.#context.turns.take(id, async () => change(await requireConversation(this.#context, id)))
  }

  /** By the own word; the own other devices get a copy, and whoever else the jobs are for. */
  async #commitLine(conversation: Conversation, line: Line, jobs: readonly OutboxJob[]): Promise<void> {
    const origin = ownOrigin(conversation.account)
    await commitAndSend(this.#context, {
      entries: [lineEntry(this.#context, conversation, { line, path: null, origin })],
      addJobs: [...jobs, ...copyJobs(this.#context, conversation, line)],
    })
  }

  async #row({ id }: Conversation, author: Aor, messageId: MessageId): Promise<MessageView> {
    const message = await this.#context.reader.message(id, author, messageId)
    if (message === null) throw new SottoError('not-found')
    return message
  }

  #line({ account, peer }: Conversation, author: Aor, content: LineContent): Line {
    return {
      ...{ author, recipient: author === account.aor ? peer : account.aor, content },
      ...{ messageId: newMessageId(this.#context.random), sentAt: this.#context.clock.now() },
      ...{ previous: null, ownCopy: null, expiresAfter: null, wanted: { delivered: false, displayed: false } },
    }
  }
}
