/**
 * Offers and answers of one session after the first: whose turn it is, what both ends offering means (RFC 3261 §14,
 * RFC 3311 §5, RFC 6337), and the offers that come in.
 */
import { err, ok, type Result } from '#shared/result.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { uniform } from './backoff.ts'
import type { Description } from './descriptions.ts'
import type { LibraryRequest, LibraryResponse, LibrarySession } from './jssip.ts'
import type { SessionEvents } from './session-events.ts'
import type { RenegotiationFailure, SdpExchange } from './sip-session.ts'

export interface NegotiationContext {
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly read: (ticket: string) => Description | null
}

/** Header that carries the status of a refusal past the library, which would answer some by itself. */
export const realStatusHeader = 'x-real-status'

type Outcome = Result<string, RenegotiationFailure>

const maxTries = 4
/** An UPDATE is no place to ask the user (RFC 3311 §5.2): it must be answered before the far end gives up. */
const updateTimeoutMs = 10_000
/** As long as a re-INVITE may wait for the user. */
const inviteTimeoutMs = 60_000

interface PendingOffer {
  readonly request: LibraryRequest
  readonly refuse: (status: number) => void
}

export class Negotiation implements SdpExchange {
  readonly #session: () => LibrarySession
  readonly #isCaller: boolean
  readonly #events: SessionEvents
  readonly #context: NegotiationContext
  #exchange: SdpExchange | null = null
  /** Set by the first ACK: what comes from then on are later offers. */
  #isEstablished = false
  #isOffering = false
  #isLateOffer = false
  /** The last description of ours that the far end has. */
  #local: string | null = null
  /** The request whose offer is being answered. */
  #incoming: LibraryRequest | null = null
  #pending: PendingOffer | null = null
  #queue: Promise<unknown> = Promise.resolve()
  #waiting: (() => void)[] = []

  constructor(session: () => LibrarySession, isCaller: boolean, events: SessionEvents, context: NegotiationContext) {
    this.#session = session
    this.#isCaller = isCaller
    this.#events = events
    this.#context = context
    events.observe((event) => {
      if (event.kind === 'established') this.#isEstablished = true
      if (event.kind === 'failed' || event.kind === 'ended') this.#pending = null
      this.#wake()
    })
  }

  get isCall(): boolean {
    return this.#exchange?.isCall === true
  }

  /** Who describes this end; set when the session is accepted or called. */
  use(exchange: SdpExchange): void {
    this.#exchange = exchange
  }

  /** The initial INVITE, so that it can be refused with a status of our own. */
  answering(request: LibraryRequest): void {
    this.#incoming = request
  }

  /** Listens to what the library says about offers of the far end. */
  follow(session: LibrarySession): void {
    const note = ({ request }: { readonly request: LibraryRequest }): void => {
      this.#incoming = request
    }
    session.on('reinvite', note)
    session.on('update', note)
  }

  /** Status for a request of the far end that comes at the wrong time; null when it may pass. */
  refusalOf(method: string, hasOffer: boolean): number | null {
    if (method !== 'INVITE' && method !== 'UPDATE') return null
    const session = this.#session()
    const wantsAnswer = method === 'INVITE' || hasOffer
    // RFC 3311 §5.2: we have an offer out, so theirs crosses it.
    if (wantsAnswer && (this.#isOffering || (this.#isCaller && session.isInProgress()))) return 491
    if (session.status !== session.C.STATUS_CONFIRMED) return 500
    return wantsAnswer && this.#pending !== null ? 500 : null
  }

  /** The library has taken a request of the far end in this dialog. */
  taken(method: string): void {
    if (method === 'CANCEL' && this.#pending?.request.method === 'INVITE') this.#pending.refuse(487)
    this.#wake()
  }

  async createOffer(): Promise<string> {
    const isLater = this.#isEstablished && this.isCall
    this.#isLateOffer = isLater
    return (this.#local = await (isLater ? this.#ask(null) : this.#own().createOffer()))
  }

  async createAnswer(offer: string): Promise<string> {
    const isLater = this.#isEstablished && this.isCall
    try {
      return (this.#local = await (isLater ? this.#ask(offer) : this.#own().createAnswer(offer)))
    } catch (error) {
      // The library would say 500; what the consumer refused is answered already.
      this.#incoming?.reply(488)
      throw error
    }
  }

  applyAnswer(answer: string, toTag: string | null): void {
    if (this.#isLateOffer) {
      this.#isLateOffer = false
      this.#events.raise({ kind: 'answered', sdp: answer })
    } else this.#own().applyAnswer(answer, toTag)
  }

  /** Offers anew, after everything else that was asked for. */
  renegotiate(createOffer: () => Promise<string>): Promise<Outcome> {
    const outcome = this.#queue.then(() => this.#offerUntilHeard(createOffer))
    this.#queue = outcome.catch(() => undefined)
    return outcome
  }

  /**
   * Refreshes the session: an UPDATE without a description where the far end takes that, else a re-INVITE with the one it
   * has already (RFC 4028 §7.4).
   */
  refresh(takesUpdate: boolean): void {
    const session = this.#session()
    if (session.isEnded()) return
    const reinvite = (): void => {
      const local = this.#local
      if (local !== null) void this.renegotiate(() => Promise.resolve(local))
    }
    if (!takesUpdate) {
      reinvite()
      return
    }
    const lost = (): void => this.#lost(session, 408)
    session.sendRequest('UPDATE', {
      extraHeaders: [`Contact: ${session.contact}`],
      eventHandlers: { onErrorResponse: reinvite, onRequestTimeout: lost, onDialogError: lost },
    })
  }

  /** RFC 3261 §12.2.1.2: nobody is there any more. */
  #lost(session: LibrarySession, status: number): void {
    if (!session.isEnded()) session.terminate({ status_code: status })
  }

  #own(): SdpExchange {
    if (this.#exchange === null) throw new Error('not accepted')
    return this.#exchange
  }

  /** Hands an offer to the consumer and waits for what it says. */
  #ask(sdp: string | null): Promise<string> {
    const request = this.#incoming
    if (request === null) return Promise.reject(new Error('no request to answer'))
    return new Promise((resolve, reject) => {
      const waitMs = request.method === 'UPDATE' ? updateTimeoutMs : inviteTimeoutMs
      const timer: Timer = this.#context.clock.after(waitMs, () => pending.refuse(504))
      const finish = (run: () => void): void => {
        if (this.#pending !== pending) return
        timer.cancel()
        this.#pending = null
        run()
        this.#wake()
      }
      const pending: PendingOffer = {
        request,
        refuse: (status) =>
          finish(() => {
            this.#isLateOffer = false
            request.reply(status)
            reject(new Error(`refused with ${status}`))
          }),
      }
      this.#pending = pending
      const answer = (description: string): void => finish(() => resolve(description))
      this.#events.raise({ kind: 'offer', offer: { sdp, answer, refuse: (status) => pending.refuse(status) } })
    })
  }

  #wake(): void {
    for (const run of this.#waiting.splice(0)) run()
  }

  /** True when the session is over. */
  async #turn(): Promise<boolean> {
    for (;;) {
      const session = this.#session()
      if (this.#events.isOver) return true
      if (this.#isEstablished && this.#pending === null && session.status === session.C.STATUS_CONFIRMED) return false
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  async #offerUntilHeard(createOffer: () => Promise<string>): Promise<Outcome> {
    for (let tries = 1; ; tries += 1) {
      if (await this.#turn()) return err({ status: null })
      this.#isOffering = true
      const outcome = await this.#offer(createOffer)
      if (outcome.ok || outcome.error.status !== 491 || tries === maxTries) return outcome
      await new Promise<void>((resolve) => this.#context.clock.after(this.#glareMs(), resolve))
    }
  }

  async #offer(createOffer: () => Promise<string>): Promise<Outcome> {
    try {
      const offer = await createOffer()
      return this.#events.isOver ? err({ status: null }) : await this.#reinvite(offer)
    } finally {
      this.#isOffering = false
    }
  }

  /** RFC 3261 §14.1: the owner of the Call-ID waits 2.1–4 s, the other end up to 2 s, in steps of 10 ms. */
  #glareMs(): number {
    const draw = uniform(this.#context.random)
    return this.#isCaller ? 2_100 + 10 * Math.floor(draw * 191) : 10 * Math.floor(draw * 201)
  }

  #reinvite(offer: string): Promise<Outcome> {
    const session = this.#session()
    return new Promise((settle) => {
      const resolve = (outcome: Outcome): void => {
        forget()
        settle(outcome)
      }
      const forget = this.#events.observe((event) => {
        if (event.kind === 'ended' || event.kind === 'failed') resolve(err({ status: null }))
      })
      const lost = (status: number): void => {
        this.#lost(session, status)
        resolve(err({ status: null }))
      }
      session.sendRequest('INVITE', {
        extraHeaders: [`Contact: ${session.contact}`, 'Content-Type: application/sdp'],
        body: offer,
        eventHandlers: {
          onSuccessResponse: (response: LibraryResponse) => {
            // Also for every repetition of the 2xx.
            if (!session.isEnded()) session.sendRequest('ACK')
            const answer = this.#context.read(response.body ?? '')
            if (answer !== null) this.#local = offer
            resolve(answer === null ? err({ status: null }) : ok(answer.sdp))
          },
          onErrorResponse: (response: LibraryResponse) => resolve(err({ status: statusOf(response) })),
          onTransportError: () => resolve(err({ status: null })),
          onRequestTimeout: () => lost(408),
          onDialogError: (response: LibraryResponse) => lost(response.status_code),
        },
      })
    })
  }
}

/** The status as it came, see {@link realStatusHeader}. */
export function statusOf(response: LibraryResponse): number {
  return Number(response.getHeader(realStatusHeader) ?? response.status_code)
}
