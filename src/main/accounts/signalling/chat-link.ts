/** One chat session: an INVITE dialog and the MSRP session it set up, living and ending together. */
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { Aor } from '#shared/model/ids.ts'
import { defaultAssemblerLimits, type AssembledMessage } from '#protocol/msrp/message-assembler.ts'
import { isIdent } from '#protocol/msrp/head.ts'
import type { Decision, MsrpSession } from '#protocol/msrp/session-runner.ts'
import { defaultSessionTiming, type SendOutcome } from '#protocol/msrp/session.ts'
import type { SdpExchange, SessionEvent as SipSessionEvent, SipSession } from '#protocol/sip/user-agent/user-agent.ts'
import {
  answererRole,
  offererRole,
  readChat,
  writeChat,
  type ChatDescription,
  type ChatSetup,
} from './chat-description.ts'
import type { ReservedPath } from './relay-link.ts'

/** Types we take. Files and other media come with issues of their own. */
const acceptTypes = ['message/cpim', 'text/plain', 'application/im-iscomposing+xml']
const acceptWrappedTypes = ['*']
/** A session nobody uses ends after this. */
const idleMs = 5 * 60_000
/** Relays take no more in one frame. */
const chunkBytes = 8_192
const assembler = { ...defaultAssemblerLimits, maxMessageBytes: 1024 * 1024, maxBufferedBytes: 2 * 1024 * 1024 }
const timing = { ...defaultSessionTiming, transactionMs: 10_000, reportMs: 10_000 }

export interface ChatLinkPorts {
  readonly clock: ClockPort
  readonly reserved: ReservedPath
  readonly peer: Aor
  readonly onMessage: (message: AssembledMessage, decision: Decision) => void
  readonly onEnded: () => void
}

interface OutgoingMessage {
  readonly contentType: string
  readonly payload: Uint8Array
  /** Becomes the Message-ID where RFC 4975 §9 allows it; the same again when a message is repeated. */
  readonly messageId: string
}

/** `negotiating` to: open, ended. `open` to: ended. */
type LinkPhase = 'negotiating' | 'open' | 'ended'

export class ChatLink {
  readonly peer: Aor
  readonly #ports: ChatLinkPorts
  readonly #sessionId: string
  #phase: LinkPhase = 'negotiating'
  #sip: SipSession | null = null
  #msrp: MsrpSession | null = null
  #remote: ChatDescription | null = null
  #role: 'active' | 'passive' = 'active'
  #idle: Timer

  constructor(ports: ChatLinkPorts) {
    this.#ports = ports
    this.peer = ports.peer
    this.#sessionId = BigInt(`0x${ports.reserved.connection.newId().slice(0, 12)}`).toString()
    this.#idle = this.#restartIdle()
    // Without a re-INVITE the peer would go on sending to the old path: the next message opens a fresh session.
    ports.reserved.path.onRenewed(() => this.end())
    ports.reserved.path.onExpired(() => this.end())
  }

  get isOpen(): boolean {
    return this.#phase === 'open'
  }

  get isEnded(): boolean {
    return this.#phase === 'ended'
  }

  /** The dialog this link belongs to: it is ended with the link. */
  hold(session: SipSession): void {
    this.#sip = session
    if (this.isEnded) session.end()
  }

  /** Takes what happens to the dialog; its end is the link's. */
  hear(event: SipSessionEvent): void {
    if (event.kind === 'established') this.#open()
    else if (event.kind !== 'progress') this.end()
  }

  /** What the user agent asks while it sets up the dialog. */
  readonly exchange: SdpExchange = {
    createOffer: () => Promise.resolve(writeChat({ chat: this.#own('actpass'), sessionId: this.#sessionId })),
    createAnswer: (offer) => {
      const found = readChat(offer)
      if (found === null) return Promise.reject(new Error('no chat offered'))
      this.#remote = found.chat
      this.#role = answererRole(found.chat.setup)
      const answer = {
        chat: this.#own(this.#role),
        sessionId: this.#sessionId,
        offer: { sdp: offer, index: found.index },
      }
      return Promise.resolve(writeChat(answer))
    },
    applyAnswer: (answer) => {
      const found = readChat(answer)
      if (found === null) throw new Error('no chat answered')
      this.#remote = found.chat
      this.#role = offererRole(found.chat.setup)
    },
  }

  /** Sends one message and waits for its fate; a link that fails to carry one is ended. */
  async send({ contentType, payload, messageId }: OutgoingMessage): Promise<SendOutcome> {
    if (this.#msrp === null || !this.isOpen) return { kind: 'failed', status: 481, cause: 'closed' }
    this.#touch()
    const outcome = await this.#msrp.send({
      messageId: isIdent(messageId) ? messageId : this.#ports.reserved.connection.newId(),
      contentType,
      body: payload,
      headers: [],
      successReport: true,
      failureReport: 'yes',
      chunkBytes,
    })
    if (outcome.kind === 'failed' && !isRefusal(outcome)) this.end()
    return outcome
  }

  /** Sends something nobody waits for. */
  notify(contentType: string, body: Uint8Array): void {
    const messageId = this.#ports.reserved.connection.newId()
    void this.#msrp?.send({
      messageId,
      contentType,
      body,
      headers: [],
      successReport: false,
      failureReport: 'no',
      chunkBytes,
    })
  }

  /** True when the peer takes this type, bare or inside message/cpim. */
  takes(type: string, form: 'bare' | 'wrapped'): boolean {
    const types = form === 'bare' ? this.#remote?.acceptTypes : this.#remote?.acceptWrappedTypes
    const [major = ''] = type.split('/')
    return types?.some((offered) => offered === '*' || offered === type || offered === `${major}/*`) ?? false
  }

  end(): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ended'
    this.#idle.cancel()
    this.#msrp?.close()
    this.#ports.reserved.path.release()
    this.#sip?.end()
    this.#ports.onEnded()
  }

  #own(setup: ChatSetup): ChatDescription {
    return { path: this.#ports.reserved.path.path, acceptTypes, acceptWrappedTypes, setup }
  }

  #open(): void {
    const remote = this.#remote
    if (this.#phase !== 'negotiating' || remote === null) return
    this.#phase = 'open'
    const { connection, path } = this.#ports.reserved
    this.#msrp = connection.openSession(path, {
      config: { remotePath: remote.path, role: this.#role, acceptTypes, timing, maxInFlight: 8, maxUndecided: 64 },
      assembler,
      handlers: {
        onMessage: (message, decision) => {
          this.#touch()
          this.#ports.onMessage(message, decision)
        },
        onClosed: () => this.end(),
      },
    })
  }

  #touch(): void {
    this.#idle.cancel()
    this.#idle = this.#restartIdle()
  }

  #restartIdle(): Timer {
    return this.#ports.clock.after(idleMs, () => this.end())
  }
}

/** The far end looked at this very message and said no; the session itself is well. */
function isRefusal(outcome: { readonly status: number; readonly cause: string }): boolean {
  return [400, 403, 413, 415].includes(outcome.status) && (outcome.cause === 'response' || outcome.cause === 'report')
}
