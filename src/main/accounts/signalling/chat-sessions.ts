/** The chat sessions of one account: opened for outgoing messages, offered by peers, at most one used per peer. */
import { parseAor } from '#shared/model/aor.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { AssembledMessage } from '#protocol/msrp/message-assembler.ts'
import type { Decision } from '#protocol/msrp/session-runner.ts'
import { serializeCpim } from '#protocol/cpim/cpim.ts'
import { isComposingMediaType, serializeIsComposing } from '#protocol/cpim/is-composing.ts'
import type { SipSession, UserAgent } from '#protocol/sip/user-agent/user-agent.ts'
import type { SignallingEvent } from '../signalling-port.ts'
import { readChat } from './chat-description.ts'
import { ChatLink } from './chat-link.ts'
import type { RelayLink } from './relay-link.ts'

export interface ChatSessionsPorts {
  readonly accountId: AccountId
  readonly aor: Aor
  readonly agent: UserAgent
  readonly relay: RelayLink
  readonly clock: ClockPort
  readonly log: LogPort
  readonly newSessionName: () => string
  /** How long a message waits for a session to come up before it goes as SIP MESSAGE. */
  readonly openWaitMs: number
  readonly onMessage: (peer: Aor, name: string, message: AssembledMessage, decision: Decision) => void
  readonly onEvent: (event: SignallingEvent) => void
}

/** Peers that said they cannot chat over MSRP are not asked again for this long; those who were away, shorter. */
const incapableMs = 10 * 60_000
const awayMs = 30_000
const incapable: ReadonlySet<number> = new Set([405, 415, 416, 488, 501, 606])
const maxWaitingInvites = 16
/** Sessions with descriptions sent, also those being set up; a contact has one per device it writes from. */
const maxTakenSessions = 32
const maxTakenPerPeer = 2
const maxRememberedPeers = 1_024

interface WaitingInvite {
  readonly session: SipSession
  readonly from: Aor
  isAccepted: boolean
  link: ChatLink | null
}

export class ChatSessions {
  readonly #ports: ChatSessionsPorts
  /** The session to use per peer; the newest wins. */
  readonly #links = new Map<Aor, ChatLink>()
  readonly #all = new Set<ChatLink>()
  readonly #opening = new Map<Aor, Promise<ChatLink | null>>()
  readonly #restsUntil = new Map<Aor, number>()
  /** Of those who rest: they said that they cannot chat over MSRP. */
  readonly #incapable = new Set<Aor>()
  readonly #waiting = new Map<string, WaitingInvite>()

  constructor(ports: ChatSessionsPorts) {
    this.#ports = ports
  }

  /** The running session with a peer, else a new one if it comes up in time, else null. */
  async linkTo(peer: Aor): Promise<ChatLink | null> {
    const running = this.running(peer)
    if (running !== null) return running
    if (!this.#ports.relay.isUsable || (this.#restsUntil.get(peer) ?? 0) > this.#ports.clock.monotonic()) return null
    const opening = this.#opening.get(peer) ?? this.#open(peer)
    this.#opening.set(peer, opening)
    try {
      return await opening
    } finally {
      this.#opening.delete(peer)
    }
  }

  /** Whether a session that is not there now may come up later. */
  mayOpenLater(peer: Aor): boolean {
    return this.#ports.relay.exists && this.running(peer) === null && !this.#incapable.has(peer)
  }

  running(peer: Aor): ChatLink | null {
    const link = this.#links.get(peer)
    return link?.isOpen === true ? link : null
  }

  typing(peer: Aor, active: boolean): void {
    const link = this.running(peer)
    if (link === null) return
    const body = serializeIsComposing({
      state: active ? 'active' : 'idle',
      lastActiveMs: null,
      contentType: 'text/plain',
      refreshSeconds: null,
    })
    if (link.takes(isComposingMediaType, 'bare')) link.notify(isComposingMediaType, body)
    else if (link.takes(isComposingMediaType, 'wrapped')) link.notify('message/cpim', this.#wrap(peer, body))
  }

  /** An INVITE came: it waits for a decision if it is a chat and we could take it, else it is refused at once. */
  offered(session: SipSession): void {
    const from = parseAor(session.remote.aor)
    if (!from.ok || session.offer === null || readChat(session.offer) === null || !this.#ports.relay.isUsable) {
      session.end(488)
      return
    }
    if (!this.#hasRoomFor(from.value)) {
      session.end(486)
      return
    }
    const name = this.#ports.newSessionName()
    const waiting: WaitingInvite = { session, from: from.value, isAccepted: false, link: null }
    this.#waiting.set(name, waiting)
    session.onEvent((event) => {
      waiting.link?.hear(event)
      if (event.kind === 'failed' || event.kind === 'ended') this.#forget(name)
    })
    const fromName = session.remote.displayName
    const chat = { accountId: this.#ports.accountId, session: name, from: from.value, fromName }
    this.#ports.onEvent({ kind: 'chat-session', chat })
  }

  /** True when the session was one of ours. */
  async answer(name: string, answer: 'accept' | 'ring' | 'decline'): Promise<boolean> {
    const waiting = this.#waiting.get(name)
    if (waiting === undefined) return false
    // 180 without a description is on its way already (design §10).
    if (answer === 'ring' || waiting.isAccepted) return true
    if (answer === 'decline') {
      waiting.session.end(603)
      this.#forget(name)
      return true
    }
    const { from } = waiting
    if (this.#taken().length >= maxTakenSessions || this.#taken(from).length >= maxTakenPerPeer) {
      waiting.session.end(486)
      this.#forget(name)
      return true
    }
    waiting.isAccepted = true
    await this.#accept(name, waiting)
    return true
  }

  /** An accepted one stays among the waiting ones until it ends. */
  #taken(peer: Aor | null = null): readonly WaitingInvite[] {
    return [...this.#waiting.values()].filter(({ isAccepted, from }) => isAccepted && (peer ?? from) === from)
  }

  #hasRoomFor(peer: Aor): boolean {
    const taken = this.#taken().length
    const undecided = this.#waiting.size - taken
    return undecided < maxWaitingInvites && taken < maxTakenSessions && this.#taken(peer).length < maxTakenPerPeer
  }

  stop(): void {
    for (const { session } of this.#waiting.values()) session.end()
    for (const link of [...this.#all]) link.end()
  }

  async #accept(name: string, waiting: WaitingInvite): Promise<void> {
    const { session, from } = waiting
    const reserved = await this.#ports.relay.reserve()
    if (!this.#waiting.has(name) || reserved === null) {
      reserved?.path.release()
      session.end(488)
      this.#forget(name)
      return
    }
    const link = this.#newLink(from, reserved, () => this.#forget(name), session.remote.displayName)
    waiting.link = link
    link.hold(session)
    session.accept(link.exchange)
    this.#links.set(from, link)
  }

  #newLink(
    peer: Aor,
    reserved: NonNullable<Awaited<ReturnType<RelayLink['reserve']>>>,
    onEnded: () => void,
    name: string,
  ): ChatLink {
    const link: ChatLink = new ChatLink({
      clock: this.#ports.clock,
      reserved,
      peer,
      onMessage: (message, decision) => this.#ports.onMessage(peer, name, message, decision),
      onEnded: () => {
        this.#all.delete(link)
        if (this.#links.get(peer) === link) this.#links.delete(peer)
        onEnded()
      },
    })
    this.#all.add(link)
    return link
  }

  async #open(peer: Aor): Promise<ChatLink | null> {
    const deadline = this.#ports.clock.monotonic() + this.#ports.openWaitMs
    const reserved = await this.#ports.relay.reserve()
    if (reserved === null) return null
    const link = this.#newLink(peer, reserved, () => undefined, '')
    const outcome = await this.#invite(link, deadline)
    if (outcome === 'open') {
      this.#links.set(peer, link)
      return link
    }
    link.end()
    this.#rest(peer, outcome)
    return this.running(peer)
  }

  /** `open`, or the status that refused; null for no answer in time. */
  #invite(link: ChatLink, deadline: number): Promise<'open' | number | null> {
    return new Promise((resolve) => {
      const waitMs = Math.max(0, deadline - this.#ports.clock.monotonic())
      const timer = this.#ports.clock.after(waitMs, () => resolve(null))
      const session = this.#ports.agent.invite(link.peer, link.exchange)
      session.onEvent((event) => {
        link.hear(event)
        if (event.kind === 'progress') return
        timer.cancel()
        resolve(event.kind === 'established' ? 'open' : event.kind === 'failed' ? event.status : null)
      })
      link.hold(session)
    })
  }

  #rest(peer: Aor, status: number | null | 'open'): void {
    if (this.#restsUntil.size >= maxRememberedPeers) {
      this.#restsUntil.clear()
      this.#incapable.clear()
    }
    const isIncapable = typeof status === 'number' && incapable.has(status)
    if (isIncapable) this.#incapable.add(peer)
    else this.#incapable.delete(peer)
    const restMs = isIncapable ? incapableMs : awayMs
    this.#restsUntil.set(peer, this.#ports.clock.monotonic() + restMs)
  }

  #forget(name: string): void {
    if (!this.#waiting.delete(name)) return
    this.#ports.onEvent({ kind: 'chat-session-ended', accountId: this.#ports.accountId, session: name })
  }

  #wrap(peer: Aor, body: Uint8Array): Uint8Array {
    return serializeCpim({
      from: { displayName: '', uri: this.#ports.aor },
      to: [{ displayName: '', uri: peer }],
      cc: [],
      dateTimeMs: this.#ports.clock.now(),
      subject: null,
      require: [],
      headers: [],
      content: { contentType: isComposingMediaType, headers: [], body },
    })
  }
}
