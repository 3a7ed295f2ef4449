/** An INVITE of ours. */
import type { LibraryAgent, LibraryResponse, LibrarySession } from './jssip.ts'
import { DialogSession, type SessionContext } from './jssip-session.ts'
import type { Provisional } from './live-sessions.ts'
import type { ResponseFacts } from './responses.ts'
import { failureOf, type EndEvent } from './session-ends.ts'
import { sessionExpires, shortestSessionExpires } from './session-timers.ts'
import type { DialogId, EndReason, InviteOptions, SdpExchange } from './sip-session.ts'

/** A peer that wants longer sessions than this may not have them. */
const longestSessionExpires = 7_200
/** More early dialogs than this of one INVITE are an attack: not heard of. */
const maxForks = 16

export interface OutgoingContext extends SessionContext {
  readonly agent: LibraryAgent
  readonly factOf: (callId: string) => ResponseFacts | undefined
}

/** Sends an INVITE; a 422 is repeated once with the interval it asks for (RFC 4028 §7.4). */
export class OutgoingSession extends DialogSession {
  readonly id: string
  readonly remote: { readonly aor: string; readonly displayName: string }
  readonly offer = null
  readonly facts = null
  readonly #outgoing: OutgoingContext
  readonly #to: string
  readonly #options: InviteOptions
  readonly #forks = new Set<string>()
  #dialog: DialogId | null = null
  #isWanted = true
  #mayRetry = true

  constructor(to: string, exchange: SdpExchange, options: InviteOptions, context: OutgoingContext) {
    super(true, context)
    this.#outgoing = context
    this.#to = to
    this.#options = options
    this.negotiation.use(exchange)
    this.#call()
    this.id = this.library.id
    this.remote = { aor: this.library.remote_identity.uri.toString(), displayName: '' }
  }

  get callId(): string {
    // The library's session id is Call-ID plus our 16-character tag.
    return this.library.id.slice(0, -16)
  }

  get dialog(): DialogId | null {
    return this.#dialog
  }

  accept(): void {
    // The far end does.
  }

  override end(status?: number, reason?: EndReason): void {
    this.#isWanted = false
    // The status of a refusal means nothing in a CANCEL; a reason does.
    if (!this.library.isInProgress()) super.end(status, reason)
    else if (!this.library.isEnded()) this.library.terminate(cancelOptions(reason))
  }

  heardProvisional({ status, toTag, sdp }: Provisional): void {
    if (status === 100 || !this.library.isInProgress()) return
    if (toTag !== null && !this.#forks.has(toTag)) {
      if (this.#forks.size >= maxForks) return
      this.#forks.add(toTag)
    }
    this.events.raise({ kind: 'progress', status, toTag, sdp })
  }

  flowLost(): void {
    // The library fails the transaction by itself; a session that is up outlives its connection.
  }

  #call(minSe = shortestSessionExpires): void {
    const expires = Math.max(minSe, sessionExpires)
    const headers = (this.#options.headers ?? []).map(({ name, value }) => `${name}: ${value}`)
    const extraHeaders = [...headers, `Session-Expires: ${expires}`, `Min-SE: ${minSe}`]
    const options = { ...this.optionsFor((ticket) => this.context.read(ticket)), extraHeaders }
    const library = this.#outgoing.agent.call(this.#to, options)
    this.begin(library, (event) => this.#failed(library, event))
    library.on('accepted', ({ response }: { readonly response: LibraryResponse | null }) => {
      if (response === null) return
      const { call_id: callId, from_tag: localTag, to_tag: remoteTag } = response
      this.#dialog = { callId, localTag, remoteTag: remoteTag ?? '' }
    })
  }

  #failed(library: LibrarySession, event: EndEvent): void {
    const failure = failureOf(event)
    const minSe = failure.status === 422 ? this.#outgoing.factOf(library.id.slice(0, -16))?.minSe : null
    if (this.#isWanted && this.#mayRetry && typeof minSe === 'number' && minSe <= longestSessionExpires) {
      this.#mayRetry = false
      this.#call(minSe)
    } else this.events.raise(failure)
  }
}

function cancelOptions(reason: EndReason | undefined): { status_code?: number; reason_phrase?: string } {
  return reason?.status == null ? {} : { status_code: reason.status, reason_phrase: reason.text }
}
