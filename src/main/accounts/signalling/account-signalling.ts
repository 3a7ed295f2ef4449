/** Everything of one account in the signalling worker: its user agent, its connection, its chat sessions. */
import { copyOf } from '#shared/bytes/bytes.ts'
import type { ErrorCode } from '#shared/errors.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import type { CallId } from '#shared/model/calls.ts'
import { parseAor } from '#shared/model/aor.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { LogPort } from '#shared/ports/log.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { MsrpClient } from '#protocol/msrp/client.ts'
import { createUserAgent } from '#protocol/sip/user-agent/jssip-user-agent.ts'
import type {
  DigestSecrets,
  IncomingMessage,
  MessageOutcome,
  SipSession,
  UserAgent,
  UserAgentEvent,
} from '#protocol/sip/user-agent/user-agent.ts'
import type {
  IncomingBody,
  OutgoingBody,
  SendFailure,
  SendOutcome,
  SignallingAccount,
  SignallingEvent,
  SignallingPort,
} from '../signalling-port.ts'
import type { CallCommand, CallReply } from '../signalling-port-calls.ts'
import { CallSessions } from './call-sessions.ts'
import { readChat } from './chat-description.ts'
import { ChatSessions } from './chat-sessions.ts'
import { ConnectionKeeper, type KeeperPorts } from './connection-keeper.ts'
import type { Receipts } from './receipts.ts'
import { RelayLink } from './relay-link.ts'

export interface SignallingPorts extends KeeperPorts {
  readonly log: LogPort
  /** How long a message waits for a chat session; 3 s unless told. */
  readonly chatOpenWaitMs?: number
}

export interface AccountContext {
  readonly ports: SignallingPorts
  readonly receipts: Receipts
  readonly raise: (event: SignallingEvent) => void
}

type SendRequest = Pick<Parameters<SignallingPort['send']>[0], 'to' | 'body' | 'prefer' | 'messageId' | 'fleeting'>

const defaultOpenWaitMs = 3_000
/** What servers commonly take in one MESSAGE. */
const maxPagerBytes = 256 * 1024

export class AccountSignalling {
  readonly #account: SignallingAccount
  readonly #context: AccountContext
  readonly #agent: UserAgent
  readonly #keeper: ConnectionKeeper
  readonly #relay: RelayLink
  readonly #chats: ChatSessions
  readonly #calls: CallSessions

  /** @throws when the address cannot be used by the user agent. */
  constructor(account: SignallingAccount, context: AccountContext) {
    const { ports, raise } = context
    this.#account = account
    this.#context = context
    const { aor, displayName, instanceId, transport, credentials } = account
    this.#agent = createUserAgent({ aor, displayName, instanceId, transport, secrets: credentials }, ports)
    this.#keeper = new ConnectionKeeper(account, this.#agent, ports, {
      onView: (connection) => raise({ kind: 'connection', accountId: account.id, connection }),
      onCertificate: (problem) => raise({ kind: 'certificate', accountId: account.id, problem }),
      onLocalAddress: (host) => raise({ kind: 'local-address', accountId: account.id, host }),
    })
    this.#relay = new RelayLink(account, new MsrpClient(ports), ports.clock)
    this.#chats = new ChatSessions({
      accountId: account.id,
      aor,
      agent: this.#agent,
      relay: this.#relay,
      clock: ports.clock,
      log: ports.log,
      openWaitMs: ports.chatOpenWaitMs ?? defaultOpenWaitMs,
      newSessionName: () => Buffer.from(ports.random.bytes(12)).toString('hex'),
      onMessage: (from, fromName, message, decision) =>
        this.#deliver({
          path: 'msrp',
          ...{ from, fromName, to: aor, contentType: message.contentType, payload: message.body },
          ...{ transportId: message.messageId, storedAt: null },
          receipt: context.receipts.issue((status) => (status < 300 ? decision.accept() : decision.refuse(status))),
        }),
      onEvent: raise,
    })
    this.#calls = new CallSessions({
      accountId: account.id,
      agent: this.#agent,
      newCallId: () => toBase64Url(ports.random.bytes(16)) as CallId,
      isRegistered: () => this.#keeper.isRegistered,
      onEvent: raise,
    })
    this.#agent.onEvent((event) => this.#handle(event))
  }

  start(): void {
    this.#relay.wake()
    this.#keeper.start()
  }

  networkChanged(): void {
    this.#relay.wake()
    this.#keeper.networkChanged()
  }

  async stop(): Promise<void> {
    this.#calls.stop()
    this.#chats.stop()
    this.#relay.stop()
    await this.#agent.stop()
    this.#keeper.stop()
  }

  /** See {@link SignallingPort.send}. */
  async send({ to, body, prefer, messageId, ...how }: SendRequest): Promise<Result<SendOutcome, SendFailure>> {
    if (!this.#keeper.isRegistered) return err({ code: 'server-unreachable', retry: true })
    // A GRUU names one device: no session of the person will do.
    const peer = prefer === 'msrp' && !to.includes(';') ? parseAor(to) : null
    const overMsrp = peer?.ok === true ? await this.#sendOverMsrp(peer.value, body, messageId) : null
    if (overMsrp !== null) return overMsrp
    if (body.payload.length > maxPagerBytes) {
      const isTemporary = peer?.ok === true && this.#chats.mayOpenLater(peer.value)
      return err(
        isTemporary ? { code: 'server-unreachable', retry: true } : { code: 'message-too-large', retry: false },
      )
    }
    // An own copy has the Message-ID of its original, and a Call-ID must not name two requests.
    return this.#sendMessage(to, body, { callId: to === this.#account.aor ? null : messageId, ...how })
  }

  typing(to: Aor, active: boolean): void {
    this.#chats.typing(to, active)
  }

  answerChatSession(session: string, answer: 'accept' | 'ring' | 'decline'): Promise<boolean> {
    return this.#chats.answer(session, answer)
  }

  /** Null when the call is not of this account. */
  call(command: CallCommand): Promise<CallReply | null> {
    return this.#calls.command(command)
  }

  /** Null when MSRP cannot carry it: then SIP MESSAGE does, with the same bytes. */
  async #sendOverMsrp(
    to: Aor,
    body: OutgoingBody,
    messageId: string,
  ): Promise<Result<SendOutcome, SendFailure> | null> {
    const link = await this.#chats.linkTo(to)
    if (link?.takes(mediaType(body.contentType), 'bare') !== true) return null
    const outcome = await link.send({ ...body, messageId })
    if (outcome.kind !== 'failed')
      return ok({ path: 'msrp', state: outcome.kind === 'delivered' ? 'delivered' : 'sent' })
    return outcome.status === 403 ? err({ code: 'send-refused', retry: false, status: 403 }) : null
  }

  async #sendMessage(
    to: string,
    { contentType, payload }: OutgoingBody,
    options: { readonly callId: string | null; readonly fleeting?: boolean },
  ): Promise<Result<SendOutcome, SendFailure>> {
    const outcome = await this.#agent.sendMessage({ to, contentType, payload, ...options })
    const { status } = outcome
    if (status === null || status > 299) return err(failureOf(outcome))
    return ok({ path: 'sip-message', state: status === 200 ? 'delivered' : 'sent' })
  }

  #handle(event: UserAgentEvent): void {
    this.#keeper.handle(event)
    if (event.kind === 'registered') this.#relay.wake()
    else if (event.kind === 'secrets') this.#store(event.secrets)
    else if (event.kind === 'message') this.#take(event.message)
    else if (event.kind === 'session') this.#offered(event.session)
  }

  #offered(session: SipSession): void {
    const route = routeOf(session)
    if (route === 'chat') this.#chats.offered(session)
    else if (route === 'call') this.#calls.offered(session)
    else session.end(488)
  }

  #store(credentials: DigestSecrets): void {
    this.#relay.useCredentials(credentials)
    this.#context.raise({ kind: 'credentials', accountId: this.#account.id, credentials })
  }

  #take(message: IncomingMessage): void {
    const from = parseAor(message.from)
    const to = parseAor(message.to)
    if (!from.ok) {
      message.answer(400)
      return
    }
    const { fromName, contentType, payload, date, callId } = message
    this.#deliver({
      path: 'sip-message',
      ...{ from: from.value, fromName, to: to.ok ? to.value : this.#account.aor, contentType, payload },
      ...{ transportId: callId, storedAt: date },
      receipt: this.#context.receipts.issue((status) => message.answer(status)),
    })
  }

  #deliver(body: Omit<IncomingBody, 'accountId' | 'fromSelf'>): void {
    const { id: accountId, aor } = this.#account
    // Copied: a view of a larger buffer would cross to main with everything around it.
    const payload = copyOf(body.payload)
    this.#context.raise({ kind: 'body', body: { ...body, payload, accountId, fromSelf: body.from === aor } })
  }
}

/** What an INVITE is about; null where a chat, which is taken unasked, wants the place of a call. */
export function routeOf({ offer, facts }: Pick<SipSession, 'offer' | 'facts'>): 'chat' | 'call' | null {
  if (offer === null || readChat(offer) === null) return 'call'
  return facts?.replaces === null ? 'chat' : null
}

function mediaType(contentType: string): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase()
}

/** Statuses after which the same request would fare no better. */
const lasting: ReadonlyMap<number, ErrorCode> = new Map([
  [404, 'recipient-unknown'],
  [410, 'recipient-unknown'],
  [413, 'message-too-large'],
  [513, 'message-too-large'],
  [403, 'send-refused'],
  [405, 'send-refused'],
  [415, 'send-refused'],
  [488, 'send-refused'],
  [603, 'send-refused'],
  [606, 'send-refused'],
])

/** What a refusal means for the outbox: final, or to be tried again. */
export function failureOf({ status, refusal }: MessageOutcome): SendFailure {
  if (refusal !== null) return { code: refusal === 'no-usable-challenge' ? 'send-refused' : refusal, retry: true }
  if (status === null) return { code: 'send-timed-out', retry: true }
  if (status === 408) return { code: 'send-timed-out', retry: true, status }
  const code = lasting.get(status)
  return code === undefined ? { code: 'server-refused', retry: true, status } : { code, retry: false, status }
}
