/** The calls of one account: INVITE dialogs with audio or video, known to main by their call id. */
import { parseAor } from '#shared/model/aor.ts'
import type { CallId } from '#shared/model/calls.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import { err, ok } from '#shared/result.ts'
import type {
  IncomingOffer,
  IncomingRefer,
  SdpExchange,
  SessionEvent,
  SipSession,
} from '#protocol/sip/user-agent/sip-session.ts'
import type { UserAgent } from '#protocol/sip/user-agent/user-agent.ts'
import type { CallCommand, CallReply, CallSignal, CallSignallingEvent } from '../signalling-port-calls.ts'

export interface CallSessionsPorts {
  readonly accountId: AccountId
  readonly agent: UserAgent
  readonly newCallId: () => CallId
  readonly isRegistered: () => boolean
  readonly onEvent: (event: CallSignallingEvent) => void
}

interface LiveCall {
  readonly session: SipSession
  readonly offers: Map<number, IncomingOffer>
  nextOffer: number
  isUp: boolean
  /** A transfer the far end asked for, until the user has decided. */
  referral: IncomingRefer | null
}

/** Calls at a time, ringing ones included; more are told that we are busy. */
const maxCalls = 8
/** Offers of the far end that wait for us; it may have one, a hostile one may try more. */
const maxOffers = 4

type Command<K extends CallCommand['kind']> = Extract<CallCommand, { kind: K }>

const done: CallReply = ok(null)
const gone: CallReply = err({ status: 481 })

export class CallSessions {
  readonly #ports: CallSessionsPorts
  readonly #calls = new Map<CallId, LiveCall>()
  /** Calls we were referred to, until main gives them up. */
  readonly #referred = new Map<CallId, IncomingRefer>()
  #isStopping = false

  constructor(ports: CallSessionsPorts) {
    this.#ports = ports
  }

  /** An INVITE came that is no chat: it rings (180 without a description, design §10) until main decides. */
  offered(session: SipSession): void {
    const from = parseAor(session.remote.aor)
    const refusal = from.ok ? this.#refusalOf(session) : 488
    if (refusal !== null) session.end(refusal)
    if (!from.ok || refusal === 481) return
    const caller = { from: from.value, fromName: session.remote.displayName, sipCallId: session.callId }
    const call = this.#ports.newCallId()
    if (refusal !== null) {
      this.#raise(call, { kind: 'turned-away', ...caller })
      return
    }
    this.#follow(call, session)
    this.#raise(call, { kind: 'offered', ...caller, sdp: session.offer, replaces: this.#replacedBy(session) })
  }

  /** What wants to take the place of something must name a call that is there (RFC 3891 §3). */
  #refusalOf(session: SipSession): number | null {
    const { facts } = session
    const wants = facts?.replaces ?? null
    if (wants !== null && this.#replacedBy(session) === null) return 481
    return this.#calls.size >= maxCalls ? 486 : null
  }

  /** The call that is up and whose place this one wants. */
  #replacedBy({ facts }: SipSession): CallId | null {
    const wanted = [...this.#calls].find(([, { session, isUp }]) => isUp && session.id === facts?.replaces)
    return wanted?.[0] ?? null
  }

  /** Null when the call is not of this account. */
  async command(command: CallCommand): Promise<CallReply | null> {
    if (command.kind === 'place')
      return command.accountId === this.#ports.accountId ? this.#place(command) : Promise.resolve(null)
    const isReferred = command.kind === 'end' && this.#finishReferral(command.call)
    const live = this.#calls.get(command.call)
    if (live === undefined) return isReferred ? done : null
    return this.#inCall(live, command)
  }

  stop(): void {
    this.#isStopping = true
    for (const { session } of [...this.#calls.values()]) session.end()
  }

  async #inCall(live: LiveCall, command: Exclude<CallCommand, { kind: 'place' }>): Promise<CallReply> {
    switch (command.kind) {
      case 'accept':
        live.session.accept(this.#exchange(command.call, command.sdp))
        return done
      case 'end':
        live.session.end(command.status)
        return done
      case 'offer':
        return offerOnce(live.session, command.sdp)
      case 'answer':
      case 'refuse':
        return this.#settle(live, command)
      case 'transfer':
        live.session.refer(command.to)
        return done
      case 'connect':
        return this.#connect(live, command.with)
      case 'decline-referral':
        live.referral?.decline()
        live.referral = null
        return done
      case 'want-picture':
        live.session.wantPicture()
        return done
    }
  }

  #place({ call, to, sdp, referredIn }: Command<'place'>): CallReply {
    if (!this.#ports.isRegistered() || this.#calls.size >= maxCalls) return err({ status: null })
    const exchange = this.#exchange(call, sdp)
    const referral = referredIn === undefined ? null : this.#takeReferral(call, referredIn, to)
    const session = referral?.accept(exchange) ?? this.#ports.agent.invite(to, exchange)
    this.#follow(call, session)
    return ok(session.callId)
  }

  /** Null when the call that asked is gone: then nobody is told. */
  #takeReferral(call: CallId, asking: CallId, to: Aor): IncomingRefer | null {
    const known = this.#referred.get(call)
    // One more try: whoever asked hears of that one, too.
    if (known !== undefined) return known
    const live = this.#calls.get(asking)
    const referral = live?.referral ?? null
    if (live === undefined || referral === null || aorOf(referral.to) !== to) return null
    live.referral = null
    this.#referred.set(call, referral)
    return referral
  }

  #finishReferral(call: CallId): boolean {
    this.#referred.get(call)?.finish()
    return this.#referred.delete(call)
  }

  #connect(live: LiveCall, call: CallId): CallReply {
    const other = this.#calls.get(call)
    const target = other === undefined ? null : aorOf(other.session.remote.aor)
    if (other?.isUp !== true || other === live || target === null) return gone
    live.session.refer(target, other.session)
    return done
  }

  #settle(live: LiveCall, command: Command<'answer'> | Command<'refuse'>): CallReply {
    const offer = live.offers.get(command.offer)
    if (offer === undefined) return gone
    live.offers.delete(command.offer)
    if (command.kind === 'answer') offer.answer(command.sdp)
    else offer.refuse(command.status)
    return done
  }

  /** One description of ours: the offer, or the answer to the offer that main has seen. */
  #exchange(call: CallId, sdp: string): SdpExchange {
    return {
      isCall: true,
      createOffer: () => Promise.resolve(sdp),
      createAnswer: () => Promise.resolve(sdp),
      applyAnswer: (answer, branch) => this.#raise(call, { kind: 'answered', branch, sdp: answer }),
    }
  }

  #follow(call: CallId, session: SipSession): void {
    const live: LiveCall = { session, offers: new Map(), nextOffer: 1, isUp: false, referral: null }
    this.#calls.set(call, live)
    session.onEvent((event) => this.#hear(call, live, event))
  }

  #hear(call: CallId, live: LiveCall, event: SessionEvent): void {
    if (event.kind === 'failed' || event.kind === 'ended') this.#calls.delete(call)
    if (event.kind === 'established') live.isUp = true
    const signal = this.#signalOf(live, event)
    if (signal !== null) this.#raise(call, signal)
  }

  #signalOf(live: LiveCall, event: SessionEvent): CallSignal | null {
    switch (event.kind) {
      case 'progress':
        return { kind: 'progress', status: event.status, branch: event.toTag, sdp: event.sdp }
      case 'failed':
        return { kind: 'failed', status: event.status, elsewhere: event.elsewhere }
      case 'ended':
        return { kind: 'ended', byUs: this.#isStopping }
      case 'offer':
        return waitingOffer(live, event.offer)
      case 'answered':
        return { kind: 'answered', branch: null, sdp: event.sdp }
      case 'tone':
        return { kind: 'tone', tone: event.tone }
      case 'refer':
        return referralOf(live, event.refer)
      case 'established':
      case 'picture-wanted':
        return { kind: event.kind }
      case 'transfer':
        return { kind: 'transfer', status: event.status }
    }
  }

  #raise(call: CallId, signal: CallSignal): void {
    this.#ports.onEvent({ kind: 'call', accountId: this.#ports.accountId, call, signal })
  }
}

/** After a glare (491) what was offered may not fit any more: main, which waits as long as the RFC wants, describes anew. */
async function offerOnce(session: SipSession, sdp: string): Promise<CallReply> {
  let isSent = false
  const outdated = new Error('outdated')
  const createOffer = (): Promise<string> => {
    if (isSent) return Promise.reject(outdated)
    isSent = true
    return Promise.resolve(sdp)
  }
  try {
    return await session.renegotiate(createOffer)
  } catch (error) {
    if (error === outdated) return err({ status: 491 })
    throw error
  }
}

/** Whoever we talk to may ask for a call, no more: the user decides. Anything but a plain address is declined unseen. */
function referralOf(live: LiveCall, refer: IncomingRefer): CallSignal | null {
  const to = aorOf(refer.to)
  if (!live.isUp || live.referral !== null || to === null) {
    refer.decline()
    return null
  }
  live.referral = refer
  const by = /<([^<>]*)>/.exec(refer.referredBy ?? '')?.[1]
  return { kind: 'referred', to, by: by === undefined ? null : aorOf(by), attended: refer.replaces !== null }
}

function aorOf(uri: string): Aor | null {
  const parsed = parseAor(uri)
  return parsed.ok ? parsed.value : null
}

function waitingOffer(live: LiveCall, offer: IncomingOffer): CallSignal | null {
  if (live.offers.size >= maxOffers) {
    offer.refuse(500)
    return null
  }
  const number = live.nextOffer
  live.nextOffer += 1
  live.offers.set(number, offer)
  return { kind: 'reoffered', offer: number, sdp: offer.sdp }
}
