/** INVITE dialogs of the library as {@link SipSession}. */
import type { Result } from '#shared/result.ts'
import { parseNameAddress } from '../headers.ts'
import type { Description } from './descriptions.ts'
import {
  noMediaStream,
  type LibraryInfo,
  type LibraryReplacement,
  type LibraryRequest,
  type LibrarySession,
  type LibraryTone,
  type SessionOptions,
} from './jssip.ts'
import type { LiveSession, LiveSessions, Provisional } from './live-sessions.ts'
import { Negotiation, type NegotiationContext } from './negotiation.ts'
import { aorOf } from './pager.ts'
import { writeReason } from './reason-header.ts'
import { Refers, replacesRefusal, sendRefer, type ReferredCall } from './refer.ts'
import { endOf, failureOf, type EndEvent } from './session-ends.ts'
import { SessionEvents } from './session-events.ts'
import type {
  DialogId,
  EndReason,
  InviteFacts,
  RenegotiationFailure,
  SdpExchange,
  SessionEvent,
  SipSession,
} from './sip-session.ts'

export interface SessionContext extends NegotiationContext {
  readonly live: LiveSessions
  /** Domain of the account, for identities without one. */
  readonly domain: string
  readonly call: ReferredCall
}

const pictureWanted =
  '<?xml version="1.0" encoding="utf-8"?>\r\n' +
  '<media_control><vc_primitive><to_encoder><picture_fast_update/></to_encoder></vc_primitive></media_control>\r\n'

/** What both directions have in common. */
export abstract class DialogSession implements SipSession, LiveSession {
  abstract readonly id: string
  abstract readonly callId: string
  abstract readonly remote: { readonly aor: string; readonly displayName: string }
  abstract readonly offer: string | null
  abstract readonly facts: InviteFacts | null
  abstract readonly dialog: DialogId | null
  protected readonly events = new SessionEvents()
  protected readonly context: SessionContext
  protected readonly negotiation: Negotiation
  #library: LibrarySession | null = null
  #isEstablished = false
  #takesUpdate = false

  constructor(isCaller: boolean, context: SessionContext) {
    this.context = context
    this.negotiation = new Negotiation(() => this.library, isCaller, this.events, context)
  }

  protected get library(): LibrarySession {
    if (this.#library === null) throw new Error('session not begun')
    return this.#library
  }

  abstract accept(exchange: SdpExchange): void
  abstract heardProvisional(provisional: Provisional): void
  abstract flowLost(): void

  end(status?: number, reason?: EndReason): void {
    if (this.library.isEnded()) return
    const extraHeaders = reason === undefined ? [] : [`Reason: ${writeReason(reason)}`]
    this.library.terminate({ ...(status === undefined ? {} : { status_code: status }), extraHeaders })
  }

  renegotiate(createOffer: () => Promise<string>): Promise<Result<string, RenegotiationFailure>> {
    return this.negotiation.renegotiate(createOffer)
  }

  wantPicture(): void {
    if (!this.#isEstablished || this.library.isEnded()) return
    this.library.sendRequest('INFO', {
      extraHeaders: ['Content-Type: application/media_control+xml'],
      body: pictureWanted,
    })
  }

  refer(target: string, replaced?: SipSession): void {
    if (this.library.isEnded()) return
    sendRefer(this.library, this.events, target, replaced?.dialog ?? null)
  }

  onEvent(handler: (event: SessionEvent) => void): void {
    this.events.listen(handler)
  }

  observe(observer: (event: SessionEvent) => void): void {
    this.events.observe(observer)
  }

  refusalOf(method: string, hasOffer: boolean): number | null {
    return this.negotiation.refusalOf(method, hasOffer)
  }

  allows(methods: readonly string[]): void {
    if (methods.length > 0) this.#takesUpdate = methods.some((method) => method.toUpperCase() === 'UPDATE')
  }

  refresh(): void {
    this.negotiation.refresh(this.#takesUpdate)
  }

  taken(method: string): void {
    this.negotiation.taken(method)
  }

  /** Takes the library's session; `failed` decides what a failure means. */
  protected begin(session: LibrarySession, failed: (event: EndEvent) => void): void {
    this.#library = session
    this.context.live.add(session.id, this)
    this.negotiation.follow(session)
    const refers = new Refers(session, { ...this.context, events: this.events })
    session.on('confirmed', () => this.#established())
    session.on('ended', (event: EndEvent) => {
      this.context.live.remove(session.id)
      this.events.raise(endOf(event))
    })
    session.on('failed', (event: EndEvent) => {
      this.context.live.remove(session.id)
      failed(event)
    })
    session.on('newInfo', (event: LibraryInfo) => this.#heardInfo(event))
    session.on('newDTMF', (event: LibraryTone) => this.#heardTone(event))
    session.on('refer', ({ request }: { readonly request: LibraryRequest }) =>
      refers.take(request, this.negotiation.isCall),
    )
    session.on('replaces', ({ request, accept }: LibraryReplacement) => {
      const refusal = replacesRefusal(request, this.dialog)
      // The session that comes of it is announced within this call.
      if (refusal === null) this.context.live.whileReplacing(this.id, accept)
      else request.reply(refusal)
    })
  }

  protected optionsFor(read: SessionOptions['pcConfig']['read']): SessionOptions {
    return { mediaStream: noMediaStream, pcConfig: { exchange: this.negotiation, read } }
  }

  #established(): void {
    this.#isEstablished = true
    this.events.raise({ kind: 'established' })
  }

  #heardInfo({ originator, info }: LibraryInfo): void {
    if (originator !== 'remote' || !this.#isEstablished || !this.negotiation.isCall) return
    const isControl = /^application\/media_control\+xml[ \t]*(?:;|$)/.test(info.contentType)
    if (isControl && /<picture_fast_update[ \t\r\n/>]/.test(info.body ?? ''))
      this.events.raise({ kind: 'picture-wanted' })
  }

  #heardTone({ originator, dtmf }: LibraryTone): void {
    if (originator !== 'remote' || !this.#isEstablished || !this.negotiation.isCall) return
    this.events.raise({ kind: 'tone', tone: dtmf.tone, durationMs: dtmf.duration })
  }
}

/** An INVITE of the far end. */
export class IncomingSession extends DialogSession {
  readonly id: string
  readonly callId: string
  readonly remote: { readonly aor: string; readonly displayName: string }
  readonly offer: string | null
  readonly facts: InviteFacts
  readonly dialog: DialogId
  readonly #request: LibraryRequest
  /** Held for as long as it rings. */
  readonly #initial: Description | null
  #isTaken = false

  constructor(library: LibrarySession, request: LibraryRequest, context: SessionContext) {
    super(false, context)
    this.id = library.id
    this.callId = request.call_id
    this.dialog = { callId: request.call_id, localTag: request.to_tag ?? '', remoteTag: request.from_tag }
    this.#request = request
    this.#initial = request.body === null || request.body === '' ? null : context.read(request.body)
    this.offer = this.#initial?.sdp ?? null
    const { uri, display_name: displayName } = library.remote_identity
    const aor = aorOf(parseNameAddress(`<${uri.toString()}>`), context.domain)
    this.remote = { aor, displayName: displayName ?? '' }
    this.allows(request.getHeaders('allow').flatMap((line) => line.split(/[ \t]*,[ \t]*/)))
    this.facts = factsOf(request, context.live.replacing)
    this.begin(library, (event) => this.events.raise(failureOf(event)))
  }

  accept(exchange: SdpExchange): void {
    if (this.#isTaken || this.library.isEnded()) return
    this.#isTaken = true
    this.negotiation.use(exchange)
    this.negotiation.answering(this.#request)
    const ticket = this.#request.body
    this.library.answer(this.optionsFor((text) => (text === ticket ? this.#initial : this.context.read(text))))
  }

  heardProvisional(): void {
    // Only what is called answers provisionally.
  }

  flowLost(): void {
    // The INVITE's transaction is gone with its connection: no answer of ours would find back.
    if (this.library.isInProgress()) this.end()
  }
}

function factsOf(request: LibraryRequest, replaces: string | null): InviteFacts {
  const required = request.getHeaders('require').join(',').toLowerCase().split(',')
  return {
    userAgent: request.getHeader('user-agent')?.slice(0, 200) ?? null,
    requiresReliable: required.some((tag) => tag.trim() === '100rel'),
    replaces,
  }
}
