/** INVITE dialogs of the library as {@link SipSession}. */
import type { ResponseFacts } from './responses.ts'
import {
  noMediaStream,
  type LibraryAgent,
  type LibraryRequest,
  type LibraryResponse,
  type LibrarySession,
  type SessionOptions,
} from './jssip.ts'
import { aorOf } from './pager.ts'
import { parseNameAddress } from '../headers.ts'
import type { SdpExchange, SessionEvent, SipSession } from './user-agent.ts'

/** Session-Expires we ask for, seconds (RFC 4028): finds dead peers without chatter. */
const sessionExpires = 1_800
/** A peer that wants longer sessions than this may not have them. */
const longestSessionExpires = 7_200

interface EndEvent {
  readonly response?: LibraryResponse | null
  readonly message?: LibraryResponse | null
}

function optionsFor(exchange: SdpExchange, expires = sessionExpires): SessionOptions {
  return { mediaStream: noMediaStream, pcConfig: { exchange }, sessionTimersExpires: expires }
}

/** Collects events until somebody listens. */
class SessionEvents {
  #early: SessionEvent[] = []
  #handler: ((event: SessionEvent) => void) | null = null
  #isOver = false

  listen(handler: (event: SessionEvent) => void): void {
    this.#handler = handler
    for (const event of this.#early.splice(0)) handler(event)
  }

  raise(event: SessionEvent): void {
    if (this.#isOver) return
    if (event.kind === 'failed' || event.kind === 'ended') this.#isOver = true
    if (this.#handler === null) this.#early.push(event)
    else this.#handler(event)
  }
}

function follow(session: LibrarySession, events: SessionEvents, onFailed: (status: number | null) => void): void {
  session.on('progress', ({ response }: { readonly response: LibraryResponse | null }) => {
    if (response !== null) events.raise({ kind: 'progress', status: response.status_code })
  })
  session.on('confirmed', () => events.raise({ kind: 'established' }))
  session.on('ended', () => events.raise({ kind: 'ended' }))
  session.on('failed', ({ message }: EndEvent) => onFailed(message?.status_code ?? null))
}

function endQuietly(session: LibrarySession, status?: number): void {
  if (session.isEnded()) return
  session.terminate(status === undefined ? {} : { status_code: status })
}

/** An incoming INVITE, or null when the library has already refused it. */
export function incomingSession(session: LibrarySession, request: LibraryRequest, domain: string): SipSession {
  const events = new SessionEvents()
  follow(session, events, (status) => events.raise({ kind: 'failed', status }))
  const { uri, display_name: displayName } = session.remote_identity
  const offer = request.body === null || request.body === '' ? null : request.body
  return {
    id: session.id,
    remote: { aor: aorOf(parseNameAddress(`<${uri.toString()}>`), domain), displayName: displayName ?? '' },
    offer,
    accept: (exchange) => {
      if (!session.isEnded()) session.answer(optionsFor(exchange))
    },
    end: (status) => endQuietly(session, status),
    onEvent: (handler) => events.listen(handler),
  }
}

interface OutgoingContext {
  readonly agent: LibraryAgent
  readonly factOf: (callId: string) => ResponseFacts | undefined
}

/** Sends an INVITE; a 422 is repeated once with the interval it asks for (RFC 4028 §7.4). */
export function outgoingSession(to: string, exchange: SdpExchange, context: OutgoingContext): SipSession {
  const events = new SessionEvents()
  let current = context.agent.call(to, optionsFor(exchange))
  let isWanted = true
  let mayRetry = true
  const onFailed = (status: number | null): void => {
    const minSe = status === 422 ? context.factOf(callIdOf(current))?.minSe : null
    if (isWanted && mayRetry && typeof minSe === 'number' && minSe <= longestSessionExpires) {
      mayRetry = false
      current = context.agent.call(to, optionsFor(exchange, Math.max(minSe, sessionExpires)))
      follow(current, events, onFailed)
    } else events.raise({ kind: 'failed', status })
  }
  const { id, remote_identity: remote } = current
  follow(current, events, onFailed)
  return {
    id,
    remote: { aor: remote.uri.toString(), displayName: '' },
    offer: null,
    accept: () => undefined,
    end: () => {
      isWanted = false
      endQuietly(current)
    },
    onEvent: (handler) => events.listen(handler),
  }
}

/** The library's session id is Call-ID plus our 16-character tag. */
function callIdOf(session: LibrarySession): string {
  return session.id.slice(0, -16)
}
