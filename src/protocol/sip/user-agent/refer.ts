/** Transfers (RFC 3515): REFER in both directions, with the news about them (message/sipfrag, RFC 3420). */
import type { ClockPort } from '#shared/ports/clock.ts'
import { SipParseError } from '../errors.ts'
import { parseNameAddress, serializeNameAddress } from '../headers.ts'
import type { SipHeader } from '../message.ts'
import { reasonPhrase } from '../reasons.ts'
import { parseHeaderPairs } from '../uri-headers.ts'
import { parseUri } from '../uri.ts'
import type { LibraryReplacement, LibraryRequest, LibraryResponse, LibrarySession } from './jssip.ts'
import { statusOf } from './negotiation.ts'
import type { SessionEvents } from './session-events.ts'
import type { DialogId, IncomingRefer, SdpExchange, SessionEvent, SipSession } from './sip-session.ts'

/** Makes a transferred call; `observe` hears how it goes. */
export type ReferredCall = (
  to: string,
  exchange: SdpExchange,
  headers: readonly SipHeader[],
  observe: (event: SessionEvent) => void,
) => SipSession

interface Notified {
  readonly status_line: { readonly status_code: number }
}

/** Asks the far end to call `target`, which may name a dialog to replace there; news come as `transfer`. */
export function sendRefer(
  session: LibrarySession,
  events: SessionEvents,
  target: string,
  replaced: DialogId | null,
): void {
  const heard = (status: number | null): void => events.raise({ kind: 'transfer', status })
  const news = ({ status_line: line }: Notified): void => heard(line.status_code)
  const replaces = replaced === null ? '' : `?Replaces=${encodeURIComponent(replacesValue(replaced))}`
  const isSent = session.refer(`${target}${replaces}`, {
    eventHandlers: {
      requestFailed: ({ response }: { readonly response: LibraryResponse | null }) =>
        heard(response?.status_code ?? null),
      trying: news,
      progress: news,
      accepted: news,
      failed: news,
    },
  })
  if (isSent === false) heard(null)
}

/** RFC 3891 §3: the tags are named as the receiver of the header sees them. */
export function replacesValue({ callId, localTag, remoteTag }: DialogId): string {
  return `${callId};to-tag=${remoteTag};from-tag=${localTag}`
}

/** Why an INVITE may not take the place of an established dialog (RFC 3891 §3); null where it may be asked about. */
export function replacesRefusal(
  { to_tag: toTag, replaces }: LibraryReplacement['request'],
  dialog: DialogId | null,
): number | null {
  // Within a dialog nothing can be replaced.
  if (typeof toTag === 'string') return 400
  if (replaces.to_tag !== dialog?.localTag || replaces.from_tag !== dialog.remoteTag) return 481
  return replaces.early_only === true ? 486 : null
}

interface Target {
  readonly to: string
  readonly replaces: string | null
}

/** Reads Refer-To; null for anything that is not a plain call (RFC 3515 §2.1, RFC 3891 §6). */
export function readReferTo(value: string): Target | null {
  try {
    const { uri } = parseNameAddress(value)
    const parsed = parseUri(uri)
    if (parsed.scheme !== 'sip' || (parsed.parameters.get('method') ?? 'INVITE') !== 'INVITE') return null
    const [to = ''] = uri.split('?', 1)
    const replaces = onlyReplaces(parsed.headers)
    return replaces === undefined ? null : { to, replaces }
  } catch (error) {
    if (error instanceof SipParseError) return null
    throw error
  }
}

/** Nobody else writes headers of our requests: one Replaces or none; undefined for anything more. */
function onlyReplaces(headers: string | null): string | null | undefined {
  const [first, ...more] = parseHeaderPairs(headers)
  if (first === undefined) return null
  const [name, value] = first
  return name === 'replaces' && more.length === 0 && isReplaces(value) ? value : undefined
}

/** Call-ID and tags only: the text is copied into a header. */
function isReplaces(text: string): boolean {
  return /^[\x21\x23-\x3a\x3d\x3f-\x7e]{1,256}(?:;[A-Za-z-]{1,20}(?:=[A-Za-z0-9.!%*_+`'~-]{1,128})?){2,4}$/.test(text)
}

function referredByOf(request: LibraryRequest): string | null {
  const value = request.getHeader('referred-by')
  if (value === undefined) return null
  try {
    return serializeNameAddress({ ...parseNameAddress(value), parameters: new Map() })
  } catch (error) {
    if (error instanceof SipParseError) return null
    throw error
  }
}

/** A NOTIFY that met another request under way is sent again. */
const pendingMs = 1_000
const maxTries = 4

/** Tells the far end how the transfer it asked for goes (RFC 3515 §2.4.4). */
class ReferNews {
  readonly #session: LibrarySession
  readonly #clock: ClockPort
  readonly #id: number
  /** Told last. */
  #status = 0
  #isOver = false
  #isLast = false
  #failure: number | null = null

  constructor(session: LibrarySession, clock: ClockPort, id: number) {
    this.#session = session
    this.#clock = clock
    this.#id = id
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** How a try goes. A failure waits for what follows it. */
  hear(event: SessionEvent): void {
    const status = newsOf(event)
    if (status === null) return
    if (event.kind === 'failed' && !this.#isLast) this.#failure = status
    else this.tell(status)
  }

  finish(): void {
    this.#isLast = true
    if (this.#failure !== null) this.tell(this.#failure)
  }

  tell(status: number): void {
    if (this.#isOver || this.#session.isEnded()) return
    this.#isOver = status >= 200
    this.#status = status
    this.#notify(maxTries)
  }

  #notify(tries: number): void {
    const status = this.#status
    this.#session.sendRequest('NOTIFY', {
      extraHeaders: [
        `Event: refer;id=${this.#id}`,
        `Subscription-State: ${this.#isOver ? 'terminated;reason=noresource' : 'active;expires=180'}`,
        'Content-Type: message/sipfrag;version=2.0',
      ],
      body: `SIP/2.0 ${status} ${reasonPhrase(status)}\r\n`,
      eventHandlers: {
        // linphonec answers so while our hold is under way, and without the news it never hangs up.
        onErrorResponse: (response: LibraryResponse) => {
          if (statusOf(response) === 491 && tries > 1) this.#later(status, tries - 1)
        },
      },
    })
  }

  #later(status: number, tries: number): void {
    this.#clock.after(pendingMs, () => {
      if (this.#status === status && !this.#session.isEnded()) this.#notify(tries)
    })
  }
}

/** Takes REFERs of the far end: the library has answered 202 and sent the first NOTIFY when it tells of one. */
export class Refers {
  readonly #session: LibrarySession
  readonly #events: SessionEvents
  readonly #call: ReferredCall
  readonly #clock: ClockPort
  #open: ReferNews | null = null

  constructor(
    session: LibrarySession,
    { events, call, clock }: { readonly events: SessionEvents; readonly call: ReferredCall; readonly clock: ClockPort },
  ) {
    this.#session = session
    this.#events = events
    this.#call = call
    this.#clock = clock
  }

  /** `isWanted` is false where nobody could decide. */
  take(request: LibraryRequest, isWanted: boolean): void {
    const news = new ReferNews(this.#session, this.#clock, request.cseq)
    const target = readReferTo(request.getHeader('refer-to') ?? '')
    // One at a time: a second one cannot be meant while the first is undecided.
    if (target === null || !isWanted || this.#open?.isOver === false) news.tell(603)
    else {
      this.#open = news
      this.#events.raise({ kind: 'refer', refer: this.#offer(target, referredByOf(request), news) })
    }
  }

  #offer({ to, replaces }: Target, referredBy: string | null, news: ReferNews): IncomingRefer {
    return {
      to,
      replaces,
      referredBy,
      decline: () => news.tell(603),
      accept: (exchange) => {
        const headers: SipHeader[] = []
        if (replaces !== null) headers.push({ name: 'replaces', value: replaces })
        if (referredBy !== null) headers.push({ name: 'referred-by', value: referredBy })
        return this.#call(to, exchange, headers, (event) => news.hear(event))
      },
      finish: () => news.finish(),
    }
  }
}

/** What the far end hears about an event of the new call; null for nothing. */
function newsOf(event: SessionEvent): number | null {
  if (event.kind === 'progress') return event.status
  if (event.kind === 'established') return 200
  if (event.kind === 'failed') return event.status ?? 487
  return event.kind === 'ended' ? 487 : null
}
