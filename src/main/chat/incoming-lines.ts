import { cleanDisplayName } from '#shared/model/display-name.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { EntryOrigin } from '#shared/model/entry-factory.ts'
import type { Aor, ConversationId } from '#shared/model/ids.ts'
import type { MessagePath, MessageView } from '#shared/model/views.ts'
import type { OutboxJob } from '#main/history/port.ts'
import {
  commitAndSend,
  conversationOf,
  findConversation,
  ownOrigin,
  type ChatContext,
  type Conversation,
} from './context.ts'
import type { HoldBack } from './hold-back.ts'
import { LateLines } from './late-lines.ts'
import { copyJobs, lineEntry } from './lines.ts'
import { maxPendingMessages } from './limits.ts'
import { deliveryEntry } from './outcomes.ts'
import type { ChatAccount } from './ports.ts'
import { receiptJob } from './reading.ts'
import type { Line } from './wire-forms.ts'

/** What to answer the transport: only after this is the line in the history, or known to be unwanted. */
export type Verdict = 'accept' | 'decline' | 'too-many'

/** A line whose author is as sure as its origin says. */
export interface ArrivedLine {
  readonly account: ChatAccount
  /** The other end of the conversation, also for copies of own lines. */
  readonly peer: Aor
  readonly line: Line
  readonly origin: EntryOrigin
  readonly path: MessagePath
  /** Name the peer gave itself in the request; only where the peer itself sent it. */
  readonly peerName: string
  /** It was held back long enough. */
  readonly waited: boolean
  /** Called once the verdict is durable, with the conversation as it was before. */
  readonly answer: (verdict: Verdict, conversation: Conversation) => void
  /** Called instead when a held line could not be written after all. */
  readonly failed: (error: unknown) => void
}

/** Takes lines into the history: each once, in its author's order, and quietly where the user did not ask for noise. */
export class IncomingLines {
  readonly #context: ChatContext
  readonly #holdBack: HoldBack
  /** A new message of a peer is in the history. */
  readonly #arrived: (conversation: Conversation, line: Line) => void
  readonly #late = new LateLines()
  readonly #names = new Map<ConversationId, string>()

  constructor(context: ChatContext, holdBack: HoldBack, arrived: (conversation: Conversation, line: Line) => void) {
    this.#context = context
    this.#holdBack = holdBack
    this.#arrived = arrived
  }

  /** Answers now or, for a line that overtook another, a moment later. Rejects when the history cannot be written. */
  take(arrived: ArrivedLine): Promise<void> {
    const { account, peer } = arrived
    const id = conversationOf(account.aor, peer)
    return this.#context.turns.take(id, async () => {
      const { reader } = this.#context
      const { author, messageId, previous, content } = arrived.line
      // Asked for together: each question alone would cost a way to the history's thread and back.
      const [conversation, held, before] = await Promise.all([
        findConversation(reader, account, peer),
        content.kind === 'text' ? reader.message(id, author, messageId) : null,
        previous === null ? null : reader.message(id, author, previous),
      ])
      if (before === null && this.#heldBack(conversation, arrived)) return
      arrived.answer(await this.#takeNow(conversation, arrived, held), conversation)
    })
  }

  /** The line before this one is missing: may this one wait for it? */
  #heldBack(conversation: Conversation, arrived: ArrivedLine): boolean {
    const { previous, author, messageId } = arrived.line
    if (previous === null || arrived.waited || conversation.view === null || conversation.policy === 'blocked')
      return false
    const at = { conversation: conversation.id, author }
    return this.#holdBack.hold({ ...at, messageId }, { ...at, messageId: previous }, () => {
      this.take({ ...arrived, waited: true }).catch(arrived.failed)
    })
  }

  async #takeNow(conversation: Conversation, arrived: ArrivedLine, held: MessageView | null): Promise<Verdict> {
    const { line } = arrived
    if (conversation.policy === 'blocked' && line.ownCopy === null) return 'decline'
    if (isFlood(conversation, line)) return 'too-many'
    if (line.content.kind === 'text') await this.#takeMessage(conversation, arrived, held)
    else await this.#takeChange(conversation, arrived)
    this.#holdBack.release({ conversation: conversation.id, author: line.author, messageId: line.messageId })
    return 'accept'
  }

  async #takeMessage(conversation: Conversation, arrived: ArrivedLine, held: MessageView | null): Promise<void> {
    const { line } = arrived
    if (held !== null && (held.edited || held.deleted || held.text === textOf(line))) {
      // Sent again on another device after it had failed there.
      if (line.ownCopy?.direction === 'outgoing' && held.state === 'failed')
        await this.#context.writer.commit({ entries: [this.#sentEntry(conversation, line)] })
      return
    }
    const conflicting = held !== null
    await commitAndSend(this.#context, {
      entries: this.#messageEntries(conversation, arrived),
      addJobs: await this.#messageJobs(conversation, arrived, conflicting),
    })
    if (line.author !== arrived.account.aor && !conflicting) this.#arrived(conversation, line)
  }

  #messageEntries(conversation: Conversation, arrived: ArrivedLine): readonly Entry[] {
    const { account, line, origin } = arrived
    const outgoing = line.author === account.aor
    const path = line.ownCopy === null || !outgoing ? arrived.path : null
    return [
      ...this.#contactEntries(conversation, arrived),
      this.#inPlace(conversation, arrived, lineEntry(this.#context, conversation, { line, origin, path })),
      ...(outgoing ? [this.#sentEntry(conversation, line)] : []),
    ]
  }

  /** A line that was overtaken stands before the one that overtook it, unless the user has read so far already. */
  #inPlace({ id, view }: Conversation, { line }: ArrivedLine, made: Entry): Entry {
    const { author, messageId, sentAt, previous } = line
    const isRead = line.ownCopy?.direction !== 'outgoing' && view?.unread === 0
    const hlc = this.#late.place({ conversation: id, author, messageId, sentAt, previous }, made.head.hlc, !isRead)
    return { ...made, head: { ...made.head, hlc } }
  }

  /** Strangers wait for the user; whom the user wrote to from another device is no stranger. */
  #contactEntries(conversation: Conversation, { account, line, peerName }: ArrivedLine): readonly Entry[] {
    const { id, peer, policy } = conversation
    const head = { conversation: id, peer }
    const wanted = line.author === account.aor ? 'accepted' : 'pending'
    const entries: Entry[] = []
    if (policy === 'none' || (policy === 'pending' && wanted === 'accepted')) {
      const made = this.#context.entries.make(ownOrigin(account), { ...head, kind: 'contact', policy: wanted })
      // As old as the line it follows from: a block that came after it must stand, whenever this copy arrives.
      const hlc = wanted === 'accepted' ? { wallMs: line.sentAt, counter: 0 } : made.head.hlc
      entries.push({ ...made, head: { ...made.head, hlc } })
    }
    const name = cleanDisplayName(peerName)
    if (name !== '' && name !== this.#names.get(id) && name !== conversation.view?.name) {
      this.#names.set(id, name)
      entries.push(this.#context.entries.make(ownOrigin(account), { ...head, kind: 'peer-name', name }))
    }
    return entries
  }

  #sentEntry(conversation: Conversation, line: Line): Entry {
    return deliveryEntry(this.#context, conversation, { target: line.messageId, state: 'sent' })
  }

  async #messageJobs(
    conversation: Conversation,
    { account, line, path }: ArrivedLine,
    conflicting: boolean,
  ): Promise<readonly OutboxJob[]> {
    if (line.ownCopy !== null || line.author === account.aor) return []
    // Only this device has what came over a session; a SIP MESSAGE reaches each device by itself.
    const copies = path === 'msrp' ? copyJobs(this.#context, conversation, line) : []
    const receipts = conversation.policy === 'accepted' && account.sendReceipts && line.wanted.delivered
    // Over MSRP the success report has said it already (RFC 5438 §11).
    if (!receipts || conflicting || path === 'msrp') return copies
    const receipt = await receiptJob(this.#context, conversation, line.messageId, 'delivered')
    return receipt === null ? copies : [...copies, receipt]
  }

  async #takeChange(conversation: Conversation, arrived: ArrivedLine): Promise<void> {
    const { line, origin, path } = arrived
    if (conversation.view === null) return
    const target = line.content.kind === 'text' ? null : line.content.target
    const known = target === null ? null : await this.#context.reader.message(conversation.id, line.author, target)
    // A change may overtake its message, but a stranger's changes to nothing are not kept.
    if (known === null && conversation.policy === 'pending') return
    const copies = line.ownCopy === null && path === 'msrp' ? copyJobs(this.#context, conversation, line) : []
    await commitAndSend(this.#context, {
      entries: [lineEntry(this.#context, conversation, { line, origin, path: null })],
      addJobs: copies,
    })
  }
}

function isFlood({ policy, view }: Conversation, line: Line): boolean {
  return policy === 'pending' && line.ownCopy === null && (view?.unread ?? 0) >= maxPendingMessages
}

function textOf(line: Line): string | null {
  return line.content.kind === 'text' ? line.content.text : null
}
