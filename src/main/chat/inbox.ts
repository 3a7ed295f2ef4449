import { latestDateTime } from '#shared/model/limits.ts'
import { ProtocolError } from '#shared/errors.ts'
import type { AcceptStatus, IncomingBody } from '#main/accounts/signalling-port.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { ConversationId } from '#shared/model/ids.ts'
import {
  conversationOf,
  findConversation,
  ownOrigin,
  serverOrigin,
  type ChatContext,
  type Conversation,
} from './context.ts'
import { contactEntry } from './contact-changes.ts'
import type { IncomingLines, Verdict } from './incoming-lines.ts'
import { maxIncomingBytes } from './limits.ts'
import { deliveryEntry } from './outcomes.ts'
import type { ChatAccount } from './ports.ts'
import type { IncomingTyping } from './typing.ts'
import type { Line, WireBody } from './wire-forms.ts'
import { readBody } from './wire-read.ts'

type WireOf<K extends WireBody['kind']> = Extract<WireBody, { readonly kind: K }>

/** A body from the wire with the account it came to. */
interface Arrival {
  readonly body: IncomingBody
  readonly account: ChatAccount
  readonly verified: Pick<ReturnType<typeof serverOrigin>, 'authenticatedBy' | 'verified'>
}

/** Statuses of RFC 3261 and RFC 4975 for what is not taken. */
const accepted = 200
/** What a server says that keeps a message for later: a stranger cannot tell the two apart. */
const stored = 202
const badRequest = 400
const forbidden = 403
const tooLarge = 413
const unavailable = 480
const serverError = 500
const decline = 603
const msrpTimeout = 408

/**
 * Everything that comes in. The sender's answer waits until the history has it; an author is never anybody but the
 * address that the own server vouches for.
 */
export class Inbox {
  readonly #context: ChatContext
  readonly #lines: IncomingLines
  readonly #typing: IncomingTyping
  /** Another own device accepted or blocked somebody. */
  readonly #decided: (conversation: ConversationId, policy: 'accepted' | 'blocked') => void

  constructor(
    context: ChatContext,
    parts: {
      readonly lines: IncomingLines
      readonly typing: IncomingTyping
      readonly decided: (conversation: ConversationId, policy: 'accepted' | 'blocked') => void
    },
  ) {
    this.#context = context
    this.#lines = parts.lines
    this.#typing = parts.typing
    this.#decided = parts.decided
  }

  /** Never rejects: whatever goes wrong becomes the sender's answer. */
  async handleBody(body: IncomingBody): Promise<void> {
    try {
      const status = await this.#statusFor(body)
      if (status !== null) this.#answer(body, status)
    } catch (error) {
      this.#answer(body, statusOf(error, body))
    }
  }

  /** Null = the answer comes later. */
  async #statusFor(body: IncomingBody): Promise<number | null> {
    const account = this.#context.accounts.byId(body.accountId)
    if (account === null) return unavailable
    if (body.payload.length > maxIncomingBytes) return tooLarge
    // Only the own registered flow speaks for the own address.
    if ((body.from === account.aor) !== body.fromSelf) return forbidden
    return this.#open(body, account)
  }

  async #open(body: IncomingBody, account: ChatAccount): Promise<number | null> {
    const ends = { conversation: conversationOf(account.aor, body.from), account: account.aor, peer: body.from }
    const opened = await this.#context.cipher.open(ends, body)
    if (opened?.ok === false) return forbidden
    const { authenticatedBy, verified } = opened?.value ?? serverOrigin(account)
    const wire = readBody(opened?.value.body ?? body, body.transportId)
    return this.#receive(wire, { body, account, verified: { authenticatedBy, verified } })
  }

  async #receive(wire: WireBody, arrival: Arrival): Promise<number | null> {
    const { body, account } = arrival
    if (isForged(wire, body)) return forbidden
    // A line looks at its conversation in its turn: asking here as well would only make it wait.
    if (wire.kind === 'line' && wire.ownCopy?.device !== account.deviceId) return this.#handleLine(wire, arrival)
    const conversation = await findConversation(this.#context.reader, account, body.from)
    if (conversation.policy === 'blocked') return declineOf(body)
    this.#noteReachable(arrival)
    const status = await this.#dispatch(wire, arrival)
    return status === accepted ? takenStatusFor(conversation) : status
  }

  #noteReachable({ body, account }: Arrival): void {
    if (!body.fromSelf) this.#context.outbox.peerReachable(account.id, body.from)
  }

  async #dispatch(wire: WireBody, arrival: Arrival): Promise<number> {
    if (wire.ownCopy?.device === arrival.account.deviceId) return accepted
    switch (wire.kind) {
      case 'line':
      case 'nothing':
        return accepted
      case 'receipt':
        return this.#handleReceipt(wire, arrival)
      case 'mark':
        return this.#handleMark(wire, arrival)
      case 'contact':
        return this.#handleContact(wire, arrival)
      case 'typing':
        return this.#handleTyping(wire, arrival)
    }
  }

  async #handleLine(wire: WireOf<'line'>, arrival: Arrival): Promise<number | null> {
    const { body, account } = arrival
    const peer = peerOf(wire, arrival)
    if (peer === null) return badRequest
    if (wire.wrapped && !body.fromSelf)
      await this.#context.plainText.remove(conversationOf(account.aor, peer)).catch(() => undefined)
    await this.#lines.take({
      ...{ account, peer, line: this.#lineOf(wire, arrival), waited: false, observedAt: body.observedAt ?? null },
      origin: { account: account.aor, device: account.deviceId, ...arrival.verified },
      // Of incoming lines only those over a session are copied.
      path: wire.ownCopy?.direction === 'incoming' ? 'msrp' : body.path,
      peerName: body.fromSelf ? '' : body.fromName,
      answer: (verdict, conversation) => {
        if (verdict === 'accept') this.#noteReachable(arrival)
        const taken = body.fromSelf ? accepted : takenStatusFor(conversation)
        this.#answer(body, verdict === 'accept' ? taken : refusalOf(verdict, body))
      },
      failed: (error) => this.#answer(body, statusOf(error, body)),
    })
    return null
  }

  #lineOf(wire: WireOf<'line'>, { body, account }: Arrival): Line {
    const now = body.observedAt ?? this.#context.clock.now()
    const sentAt = wire.sentAt ?? body.storedAt ?? now
    return {
      ...wire,
      author: wire.author ?? body.from,
      recipient: wire.recipient ?? account.aor,
      // A clock that runs ahead must not keep a message at the end for days; reactions are only compared among those of their author.
      sentAt: Math.min(sentAt, wire.content.kind === 'reaction' ? latestDateTime : now),
    }
  }

  async #handleReceipt(wire: WireOf<'receipt'>, { body, account, verified }: Arrival): Promise<number> {
    if (body.fromSelf || wire.state === null) return accepted
    const { state, target } = wire
    await this.#context.turns.take(conversationOf(account.aor, body.from), async () => {
      const { reader, writer, entries, clock } = this.#context
      const { id, policy, peer } = await findConversation(reader, account, body.from)
      const message = policy === 'accepted' ? await reader.message(id, account.aor, target) : null
      // The message may still be on its way from another own device; a stranger has nothing to acknowledge.
      if (policy !== 'accepted' || (message !== null && !advances(message.state, state))) return
      const said = { kind: 'delivery', conversation: id, peer, author: peer, target, state, at: clock.now() } as const
      await writer.commit({ entries: [entries.make({ ...ownOrigin(account), ...verified }, said)] })
    })
    return accepted
  }

  async #handleMark(wire: WireOf<'mark'>, { account }: Arrival): Promise<number> {
    const outgoing = wire.ownCopy.direction === 'outgoing'
    const peer = outgoing ? wire.recipient : wire.author
    const own = outgoing ? wire.author : wire.recipient
    if (own !== account.aor || outgoing === (wire.state === 'read')) return badRequest
    await this.#context.turns.take(conversationOf(account.aor, peer), async () => {
      const { reader, writer, notifications } = this.#context
      const conversation = await findConversation(reader, account, peer)
      await writer.commit({ entries: [this.#markEntry(wire, conversation)] })
      if (wire.state === 'read') notifications.withdraw(conversation.id)
    })
    return accepted
  }

  #markEntry({ state, target, author }: WireOf<'mark'>, conversation: Conversation): Entry {
    const { entries, clock } = this.#context
    if (state !== 'read') {
      const failure = state === 'failed' ? { failure: 'send-refused' as const } : {}
      return deliveryEntry(this.#context, conversation, { target, state, ...failure })
    }
    const { id, peer, account } = conversation
    const read = { kind: 'read', conversation: id, peer, target, targetAuthor: author, at: clock.now() } as const
    return entries.make(ownOrigin(account), read)
  }

  async #handleContact(wire: WireOf<'contact'>, { account }: Arrival): Promise<number> {
    const { author, recipient, said } = wire
    if (author !== account.aor || recipient === author || wire.ownCopy.direction !== 'outgoing') return badRequest
    await this.#context.turns.take(conversationOf(account.aor, recipient), async () => {
      const { reader, writer } = this.#context
      const conversation = await findConversation(reader, account, recipient)
      await writer.commit({ entries: [contactEntry(this.#context, conversation, wire)] })
      const { policy } = await findConversation(reader, account, recipient)
      if (said.policy !== undefined && policy === said.policy) this.#decided(conversation.id, said.policy)
    })
    return accepted
  }

  async #handleTyping(wire: WireOf<'typing'>, { body, account }: Arrival): Promise<number> {
    const { id, policy } = await findConversation(this.#context.reader, account, body.from)
    if (policy === 'accepted' && !body.fromSelf)
      this.#typing.handleStatus(id, { state: wire.active ? 'active' : 'idle', refreshSeconds: wire.refreshSeconds })
    return accepted
  }

  #answer(body: IncomingBody, status: number): void {
    const { signalling, log } = this.#context
    const isTaken = status === accepted || status === stored
    if (!isTaken) log.debug('chat.refused', { status, path: body.path })
    const answered = isTaken ? signalling.accept(body.receipt, status) : signalling.refuse(body.receipt, status)
    answered.catch(() => log.debug('chat.answer-lost'))
  }
}

/** A wrapper that names another author than the server does, or a copy from anywhere but the own flow. */
function isForged({ ownCopy, author }: WireBody, body: IncomingBody): boolean {
  return ownCopy === null ? author !== null && author !== body.from : !body.fromSelf
}

/** The other end of a line's conversation; null for a copy that does not concern the own address. */
function peerOf(wire: WireOf<'line'>, { body, account }: Arrival): Line['author'] | null {
  if (wire.ownCopy === null) return body.from
  const outgoing = wire.ownCopy.direction === 'outgoing'
  const own = outgoing ? wire.author : wire.recipient
  return own === account.aor ? (outgoing ? wire.recipient : wire.author) : null
}

const rank = { queued: 0, sent: 0, failed: 0, delivered: 1, displayed: 2 } as const

function advances(from: keyof typeof rank, to: 'delivered' | 'displayed'): boolean {
  return rank[to] > rank[from]
}

function statusOf(error: unknown, body: IncomingBody): number {
  if (error instanceof ProtocolError) return error.code === 'too-long' ? tooLarge : badRequest
  // The history could not take it: the sender, or the server for him, tries again.
  return body.path === 'msrp' ? msrpTimeout : serverError
}

/** 200 says that a device has it: strangers do not learn that, nor anybody while the account sends no receipts. */
function takenStatusFor({ policy, account }: Conversation): AcceptStatus {
  if (policy === 'self') return accepted
  return policy === 'accepted' && account.sendReceipts ? accepted : stored
}

function refusalOf(verdict: Exclude<Verdict, 'accept'>, body: IncomingBody): number {
  if (verdict === 'decline') return declineOf(body)
  return body.path === 'msrp' ? forbidden : unavailable
}

function declineOf(body: IncomingBody): number {
  return body.path === 'msrp' ? forbidden : decline
}
