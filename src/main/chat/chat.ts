import type { IncomingChatSession, SignallingEvent } from '#main/accounts/signalling-port.ts'
import type { HistoryReaderPort } from '#main/history/port.ts'
import type { ContactBody, Entry } from '#shared/model/entry.ts'
import type { AccountId, ConversationId, MessageId } from '#shared/model/ids.ts'
import type { ContactPolicy, ConversationView, MessagePage } from '#shared/model/views.ts'
import { SottoError } from '#shared/errors.ts'
import { displayAor } from '#shared/model/aor.ts'
import { writeReaction } from '#shared/model/reactions.ts'
import { ChatSessions } from './chat-sessions.ts'
import { commitContact } from './contact-changes.ts'
import { findConversation, requireConversation, type ChatContext, type Conversation } from './context.ts'
import { HoldBack } from './hold-back.ts'
import { Inbox } from './inbox.ts'
import { Keeping } from './keeping.ts'
import { IncomingLines } from './incoming-lines.ts'
import { JobFactory } from './job-factory.ts'
import { Outbox } from './outbox.ts'
import { Outcomes } from './outcomes.ts'
import { PlainTextPeers } from './plain-text-peers.ts'
import type { ChatPorts } from './ports.ts'
import { react, type Chosen } from './reacting.ts'
import { markRead } from './reading.ts'
import { Sending } from './sending.ts'
import { isHeads } from '#shared/replication/heads.ts'
import { KeyedTurns } from '#shared/turns.ts'
import { IncomingTyping, OutgoingTyping } from './typing.ts'
import type { Line } from './wire-forms.ts'

const notifiedLength = 200

/** Conversations and messages: serves the bridge's rows of the same names, and everything that comes in. */
export class Chat {
  readonly #context: ChatContext
  readonly #sending: Sending
  readonly #keeping: Keeping
  readonly #inbox: Inbox
  readonly #sessions: ChatSessions
  readonly #holdBack: HoldBack
  readonly #incomingTyping: IncomingTyping
  readonly #outgoingTyping: OutgoingTyping
  readonly #dispose: () => void
  /** What the user is looking at right now. */
  #watched: ConversationId | null = null

  constructor(ports: ChatPorts) {
    const { signalling, clock, screen } = ports
    const outcomes = new Outcomes(() => this.#context)
    this.#context = {
      ...ports,
      outbox: new Outbox({ ...ports, settle: (job, end) => outcomes.settle(job, end) }),
      jobs: new JobFactory(ports),
      plainText: new PlainTextPeers(ports),
      turns: new KeyedTurns(),
    }
    this.#holdBack = new HoldBack(clock)
    this.#sending = new Sending(this.#context)
    this.#keeping = new Keeping(this.#context)
    this.#incomingTyping = new IncomingTyping(clock, (id, active) => screen.typing(id, active))
    this.#outgoingTyping = new OutgoingTyping(clock, ({ accountId, peer }, active) => {
      signalling.typing(accountId, peer, active).catch(() => undefined)
    })
    const lines = new IncomingLines(this.#context, this.#holdBack, (conversation, line) =>
      this.#handleArrived(conversation, line),
    )
    this.#inbox = new Inbox(this.#context, {
      ...{ lines, typing: this.#incomingTyping },
      decided: (id, policy) => this.#sessions.setPolicy(id, policy),
    })
    this.#sessions = new ChatSessions(clock, (session, answer) => {
      signalling.answerChatSession(session, answer).catch(() => undefined)
    })
    this.#dispose = signalling.onEvent((event) => this.#handleEvent(event))
  }

  /** Takes up unsent messages. Call it once the accounts are known: a job of an unknown account is dropped. */
  async start(): Promise<void> {
    await this.#context.plainText.start()
    await this.#context.outbox.start()
  }

  /** Ends after the changes under way; what is being sent is repeated after the next start. */
  async stop(): Promise<void> {
    this.#dispose()
    this.#holdBack.stop()
    this.#incomingTyping.stop()
    this.#outgoingTyping.stop()
    this.#context.outbox.stop()
    await this.#context.turns.idle()
  }

  // --- conversations

  list(): Promise<{ conversations: readonly ConversationView[]; revision: number }> {
    return this.#context.reader.conversations()
  }

  /** Keeps what the user has typed but not sent. */
  async setDraft(request: { readonly conversationId: ConversationId; readonly draft: string }): Promise<void> {
    const { id, account, peer } = await requireConversation(this.#context, request.conversationId)
    const draft = { conversation: id, accountAor: account.aor, peer, text: request.draft.toWellFormed() }
    await this.#context.writer.commit({ draft })
  }

  markRead(request: { readonly conversationId: ConversationId; readonly position: number }): Promise<void> {
    return markRead(this.#context, request)
  }

  /** Pins, archive, mute, how long things are kept, what is removed or disappears. */
  get keeping(): Keeping {
    return this.#keeping
  }

  // --- messages

  page(request: Parameters<HistoryReaderPort['page']>[0]): Promise<MessagePage> {
    return this.#context.reader.page(request)
  }

  /** @throws SottoError `message-empty`, `message-too-large`, `recipient-blocked`, `not-found`, `disk-full`. */
  async send(request: { readonly conversationId: ConversationId; readonly text: string }): Promise<MessageId> {
    const { messageId, conversation } = await this.#sending.send(request)
    const { id, account, peer } = conversation
    this.#outgoingTyping.handle({ conversation: id, accountId: account.id, peer }, 'sent')
    return messageId
  }

  /** @throws SottoError `edit-not-allowed`, `message-empty`, … */
  edit(request: {
    readonly conversationId: ConversationId
    readonly messageId: MessageId
    readonly text: string
  }): Promise<void> {
    return this.#sending.edit(request)
  }

  /** @throws SottoError `edit-not-allowed` */
  delete(request: { readonly conversationId: ConversationId; readonly messageId: MessageId }): Promise<void> {
    return this.#sending.delete(request)
  }

  /** @throws SottoError `reaction-not-allowed`, … */
  react(request: Chosen): Promise<void> {
    return react(this.#context, request)
  }

  retry(request: { readonly conversationId: ConversationId; readonly messageId: MessageId }): Promise<void> {
    return this.#sending.retry(request)
  }

  /** The user types (or emptied the composer): told to contacts only, and only if the account may. */
  async typing(request: { readonly conversationId: ConversationId; readonly active: boolean }): Promise<void> {
    const { id, account, peer, policy } = await requireConversation(this.#context, request.conversationId)
    if (policy !== 'accepted' || !account.sendTyping) return
    this.#outgoingTyping.handle({ conversation: id, accountId: account.id, peer }, request.active ? 'typed' : 'cleared')
  }

  // --- from other features

  /** Which conversation is on the screen, and whether the user is at this device. */
  activity(request: { readonly conversationId: ConversationId | null; readonly focused: boolean }): void {
    this.#watched = request.focused ? request.conversationId : null
    this.#sessions.setFocused(request.focused)
    if (this.#watched !== null) this.#context.notifications.withdraw(this.#watched)
  }

  /** Writes an entry about a contact, and passes it on to the own other devices. @throws SottoError `not-found`, `disk-full`. */
  async commitContact(accountId: AccountId, entry: Entry & { readonly body: ContactBody }): Promise<void> {
    const account = this.#context.accounts.byId(accountId)
    if (account === null) throw new SottoError('not-found')
    const conversation = await findConversation(this.#context.reader, account, entry.body.peer)
    await commitContact(this.#context, conversation, entry)
  }

  /** The user accepted or blocked a contact. */
  policyChanged(conversation: ConversationId, policy: 'accepted' | 'blocked'): void {
    this.#sessions.setPolicy(conversation, policy)
  }

  // --- from the network

  #handleEvent(event: SignallingEvent): void {
    switch (event.kind) {
      case 'body':
        // Not said by anybody: another own device tells how far it is.
        if (!isHeads(event.body.contentType)) void this.#inbox.handleBody(event.body)
        break
      case 'connection':
        this.#context.outbox.setConnected(event.accountId, event.connection.kind === 'registered')
        break
      case 'chat-session':
        this.#handleInvite(event.chat).catch(() => this.#context.log.warn('chat.invite-failed'))
        break
      case 'chat-session-ended':
        this.#sessions.handleEnded(event.session)
        break
      case 'certificate':
      case 'credentials':
      case 'local-address':
      case 'call':
        break
    }
  }

  async #handleInvite(chat: IncomingChatSession): Promise<void> {
    const account = this.#context.accounts.byId(chat.accountId)
    if (account === null) return
    const { id, policy } = await findConversation(this.#context.reader, account, chat.from)
    this.#sessions.handleInvite(chat.session, id, policyOf(policy))
  }

  #handleArrived(conversation: Conversation, line: Line): void {
    const { id, policy, view } = conversation
    if (line.content.kind !== 'reaction') this.#incomingTyping.handleMessage(id)
    // Strangers make no sound, and neither does what another own device took and passed on.
    if (policy !== 'accepted' || line.ownCopy !== null || view?.muted === true || this.#watched === id) return
    const { enabled, preview } = this.#context.settings.notifications()
    if (enabled) this.#notify(conversation, line, preview)
  }

  #notify({ id, view, peer }: Conversation, { content }: Line, preview: boolean): void {
    const about = { conversationId: id, title: view?.name ?? displayAor(peer) }
    if (content.kind === 'text') {
      const body = preview ? content.text.slice(0, notifiedLength).toWellFormed() : null
      this.#context.notifications.show({ ...about, body })
    }
    // It must not take the place of messages that wait to be read.
    if (content.kind === 'reaction' && view?.unread === 0) {
      const emojis = preview ? writeReaction(content.emojis) : null
      this.#context.notifications.showReaction({ ...about, emojis })
    }
  }
}

/** A session with oneself is between own devices: nobody to ask. */
function policyOf(policy: Conversation['policy']): ContactPolicy {
  return policy === 'self' ? 'accepted' : policy
}
