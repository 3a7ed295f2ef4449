import { cleanDisplayName } from '#shared/model/display-name.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { EntryOrigin } from '#shared/model/entry-factory.ts'
import type { Aor, ConversationId } from '#shared/model/ids.ts'
import type { MessagePath, MessageView } from '#shared/model/views.ts'
import type { HistoryCommit, OutboxJob } from '#main/history/port.ts'
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
import { copyJobs, lineEntry, targetAuthorOf, targetOf } from './lines.ts'
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
  /** When this device took it, ms, where that was before now. */
  readonly observedAt: number | null
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
  /** A new message of a peer is in the history, or a reaction to an own one. */
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
      const conversation = await findConversation(reader, account, peer)
      if (!(await this.#followsOn(id, arrived.line)) && this.#heldBack(conversation, arrived)) return
      arrived.answer(await this.#takeNow(conversation, arrived), conversation)
    })
  }

  /** Whether the line before this one is here. */
  async #followsOn(conversation: ConversationId, { author, previous }: Line): Promise<boolean> {
    if (previous === null || this.#late.knows({ conversation, author, messageId: previous })) return true
    return (await this.#context.reader.message(conversation, author, previous)) !== null
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

  async #takeNow(conversation: Conversation, arrived: ArrivedLine): Promise<Verdict> {
    const { line } = arrived
    if (conversation.policy === 'blocked' && line.ownCopy === null) return 'decline'
    if (isFlood(conversation, line)) return 'too-many'
    if (!('target' in line.content)) await this.#takeMessage(conversation, arrived)
    else await this.#takeChange(conversation, arrived)
    this.#holdBack.release({ conversation: conversation.id, author: line.author, messageId: line.messageId })
    return 'accept'
  }

  async #takeMessage(conversation: Conversation, arrived: ArrivedLine): Promise<void> {
    const { id } = conversation
    const { author, messageId } = arrived.line
    const entry = this.#messageEntry(conversation, arrived)
    const commit = await this.#messageCommit(conversation, arrived, { entry, conflicting: false })
    // Nearly every message is new: that it is not, the writer says, at no cost for those that are.
    const unlessHeld = { conversation: id, author, messageId }
    if ((await commitAndSend(this.#context, { ...commit, unlessHeld })).held)
      return this.#takeAgain(conversation, arrived, entry)
    this.#late.note({ ...arrived.line, conversation: id }, entry.head.hlc)
    const name = cleanDisplayName(arrived.peerName)
    if (name !== '') this.#names.set(id, name)
    if (author !== arrived.account.aor) this.#arrived(conversation, arrived.line)
  }

  /** The history holds a message of this author under this id: the same one, or another that claims to be it. */
  async #takeAgain(conversation: Conversation, arrived: ArrivedLine, entry: Entry): Promise<void> {
    const { line } = arrived
    const held = await this.#context.reader.message(conversation.id, line.author, line.messageId)
    if (held !== null && (held.edited || held.deleted || held.text === textOf(line))) {
      // Sent again on another device after it had failed there.
      if (line.ownCopy?.direction === 'outgoing' && held.state === 'failed')
        await this.#context.writer.commit({ entries: [this.#sentEntry(conversation, line)] })
      return
    }
    await commitAndSend(this.#context, await this.#messageCommit(conversation, arrived, { entry, conflicting: true }))
  }

  async #messageCommit(
    conversation: Conversation,
    arrived: ArrivedLine,
    { entry, conflicting }: { readonly entry: Entry; readonly conflicting: boolean },
  ): Promise<HistoryCommit> {
    const { account, line } = arrived
    const sent = line.author === account.aor ? [this.#sentEntry(conversation, line)] : []
    return {
      entries: [...this.#contactEntries(conversation, arrived), entry, ...sent],
      addJobs: await this.#messageJobs(conversation, arrived, conflicting),
    }
  }

  /** A line that was overtaken stands before the one that overtook it, unless the user has read so far already. */
  #messageEntry(conversation: Conversation, { account, line, origin, path, observedAt }: ArrivedLine): Entry {
    const ofOwnCopy = line.ownCopy !== null && line.author === account.aor
    const made = takenAt(
      lineEntry(this.#context, conversation, { line, origin, path: ofOwnCopy ? null : path }),
      observedAt,
    )
    const isRead = line.ownCopy?.direction !== 'outgoing' && conversation.view?.unread === 0
    const hlc = this.#late.place({ ...line, conversation: conversation.id }, made.head.hlc, !isRead)
    return { ...made, head: { ...made.head, hlc } }
  }

  /** Strangers wait for the user; whom the user wrote to from another device is no stranger. */
  #contactEntries(conversation: Conversation, arrived: ArrivedLine): readonly Entry[] {
    const { account, line } = arrived
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
    const name = cleanDisplayName(arrived.peerName)
    if (name !== '' && name !== this.#names.get(id) && name !== conversation.view?.name)
      entries.push(this.#context.entries.make(ownOrigin(account), { ...head, kind: 'peer-name', name }))
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
    const { line, origin, path, observedAt } = arrived
    if (conversation.view === null) return
    const targetAuthor = targetAuthorOf(conversation, line)
    const known = await this.#context.reader.message(conversation.id, targetAuthor, targetOf(line))
    // A change may overtake its message, but a stranger's changes to nothing are not kept.
    if (known === null && conversation.policy === 'pending') return
    const copies = line.ownCopy === null && path === 'msrp' ? copyJobs(this.#context, conversation, line) : []
    const entry = takenAt(lineEntry(this.#context, conversation, { line, origin, path: null }), observedAt)
    const { fresh } = await commitAndSend(this.#context, { entries: [entry], addJobs: copies })
    if (known !== null && fresh[0] === true && isNewAnswer(line, known)) this.#arrived(conversation, line)
  }
}

/** Whether somebody else answers an own message with what they did not answer it with before. */
function isNewAnswer({ author, content }: Line, known: MessageView): boolean {
  if (content.kind !== 'reaction' || known.direction !== 'outgoing' || author === known.author) return false
  const held = known.reactions?.find((reaction) => reaction.author === author)?.emojis ?? []
  return !known.deleted && content.emojis.some((emoji) => !held.includes(emoji))
}

function isFlood({ policy, view }: Conversation, line: Line): boolean {
  return policy === 'pending' && line.ownCopy === null && (view?.unread ?? 0) >= maxPendingMessages
}

/** What this device took earlier stands where it came. */
function takenAt(entry: Entry, observedAt: number | null): Entry {
  if (observedAt === null || observedAt >= entry.head.observedAt) return entry
  return { ...entry, head: { ...entry.head, observedAt, hlc: { wallMs: observedAt, counter: 0 } } }
}

function textOf(line: Line): string | null {
  return line.content.kind === 'text' ? line.content.text : null
}
