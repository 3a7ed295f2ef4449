/** Requests from the server: read, refused where they must be, and only then given to the library. */
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { checkSip } from '../check.ts'
import { SipParseError, statusOfParseCode } from '../errors.ts'
import { headerValue, mediaTypeOf, optionTags, tagOf, toOf, topVia, withHeader } from '../headers.ts'
import type { SipHeader, SipMessage, SipRequest, SipResponse } from '../message.ts'
import { parseSip } from '../parse.ts'
import { uniform } from './backoff.ts'
import { BoundedMap } from './bounded-map.ts'
import type { LiveSession, LiveSessions } from './live-sessions.ts'
import {
  bareDescription,
  restoreIdentity,
  unsupportedOptions,
  withSipIdentities,
  type Identities,
} from './normalise.ts'
import { Pager } from './pager.ts'
import { replyTo } from './replies.ts'
import type { IncomingMessage } from './user-agent.ts'

interface IncomingOptions {
  readonly domain: string
  readonly placeholder: string
  readonly contactUser: string
  readonly live: LiveSessions
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
  readonly isRegistered: () => boolean
  readonly send: (message: SipResponse) => void
  readonly forward: (message: SipRequest) => void
  readonly onMessage: (message: IncomingMessage) => void
  /** Headers for a 422 to a session interval that is too short. */
  readonly tooOften: (request: SipRequest) => readonly SipHeader[] | null
  /** Status for a PRACK. */
  readonly acknowledge: (prack: SipRequest) => number
}

/** More than this before the registration stands is no server to wait for. */
const maxEarly = 32

export class IncomingRequests {
  readonly #options: IncomingOptions
  readonly #pager: Pager
  /** By Call-ID: identities that had to be rewritten. */
  readonly #originals = new BoundedMap<string, Identities>(256)
  /** Came while the registration was under way; taken when it stands. */
  #early: SipRequest[] = []
  /** By branch and method: what the library has seen before. */
  readonly #taken = new BoundedMap<string, true>(512)
  #tookNow = false

  constructor(options: IncomingOptions) {
    this.#options = options
    const { domain, clock, random, send, onMessage } = options
    this.#pager = new Pager({ domain, clock, random, send, deliver: onMessage })
  }

  /** Parses and checks; a malformed request is answered, anything else malformed is dropped: null. */
  read(bytes: Uint8Array): SipMessage | null {
    try {
      return checkSip(parseSip(bytes))
    } catch (error) {
      if (!(error instanceof SipParseError)) throw error
      this.#options.log.debug('malformed sip message', { code: error.code })
      const partial = error.partial
      if (partial !== null && isAnswerable(partial)) {
        this.#options.send(replyTo(partial, statusOfParseCode(error.code), this.#options.random))
      }
      return null
    }
  }

  /** Nobody but the server we are registered with is listened to (design §10). */
  handle(request: SipRequest): void {
    if (!this.#options.isRegistered()) {
      if (this.#early.length < maxEarly) this.#early.push(request)
      return
    }
    try {
      this.#take(request)
    } catch (error) {
      if (!(error instanceof SipParseError)) throw error
      if (request.method !== 'ACK') this.#refuse(request, statusOfParseCode(error.code))
    }
  }

  /** The library made a transaction of what it was given. */
  noteTransaction(): void {
    this.#tookNow = true
  }

  /** A response of the library, with the identities its request came with. */
  fitResponse(response: SipResponse): SipResponse {
    this.#tookNow = true
    const original = this.#originals.get(headerValue(response, 'call-id') ?? '')
    if (original === undefined) return response
    const to = restoreIdentity(original.to, headerValue(response, 'to') ?? '')
    return withHeader(withHeader(response, 'from', original.from), 'to', to)
  }

  /** A request of the library inside a dialog that came with other identities. */
  fitRequest(request: SipRequest): SipRequest {
    const original = this.#originals.get(headerValue(request, 'call-id') ?? '')
    if (original === undefined) return request
    const from = restoreIdentity(original.to, headerValue(request, 'from') ?? '')
    const to = restoreIdentity(original.from, headerValue(request, 'to') ?? '')
    return withHeader(withHeader(request, 'from', from), 'to', to)
  }

  /** The registration stands: what came in the meantime is taken now. */
  registered(): void {
    for (const request of this.#early.splice(0)) this.handle(request)
  }

  /** The flow is gone, and with it everyone who waits for an answer. */
  reset(): void {
    this.#early = []
    this.#pager.reset()
  }

  #take(request: SipRequest): void {
    const refusal = this.#refusalOf(request)
    if (refusal !== null) {
      if (request.method !== 'ACK') this.#refuse(request, refusal.status, refusal.extra)
    } else if (tagOf(toOf(request)) !== null) this.#takeInDialog(request)
    else if (request.method === 'MESSAGE') this.#pager.handle(request)
    else this.#forward(request)
  }

  /** What comes at the wrong time is refused before the library, which would let it through to the exchange. */
  #takeInDialog(request: SipRequest): void {
    if (request.method === 'PRACK') {
      this.#refuse(request, this.#options.acknowledge(request))
      return
    }
    const session = this.#options.live.find(request)
    const status = session === null || this.#taken.has(keyOf(request)) ? null : refusalInDialog(session, request)
    if (status !== null) {
      const extra = status === 500 ? [retryAfter(this.#options.random)] : status === 415 ? acceptedInfo : []
      this.#refuse(request, status, extra)
      return
    }
    this.#forward(request)
    session?.taken(request.method)
  }

  #refusalOf(request: SipRequest): { status: number; extra: readonly SipHeader[] } | null {
    const tooOften = this.#options.tooOften(request)
    if (tooOften !== null) return { status: 422, extra: tooOften }
    const unsupported = request.method === 'CANCEL' ? null : unsupportedOptions(optionTags(request, 'require'))
    if (unsupported !== null) return { status: 420, extra: [{ name: 'unsupported', value: unsupported }] }
    return null
  }

  #refuse(request: SipRequest, status: number, extra: readonly SipHeader[] = []): void {
    this.#options.send(replyTo(request, status, this.#options.random, extra))
  }

  #forward(request: SipRequest): void {
    const { request: sip, original } = withSipIdentities(request, this.#options.domain)
    if (original !== null) this.#originals.set(headerValue(request, 'call-id') ?? '', original)
    const uri = `sip:${this.#options.contactUser}@${this.#options.placeholder}`
    const key = keyOf(request)
    this.#tookNow = this.#taken.has(key) || request.method === 'ACK'
    this.#taken.set(key, true)
    try {
      this.#options.forward(bareDescription({ ...sip, uri }))
    } catch (error) {
      this.#options.log.warn('request unusable', { method: request.method, error: nameOf(error) })
    }
    // The library's grammar throws on some input and ignores other: the far end hears of it, and nothing else happens.
    if (!this.#tookNow) this.#refuse(request, 400)
  }
}

function keyOf(request: SipRequest): string {
  return `${topVia(request)?.parameters.get('branch') ?? ''} ${request.method}`
}

const infoTypes = ['application/dtmf-relay', 'application/media_control+xml']
const acceptedInfo: SipHeader[] = [{ name: 'accept', value: infoTypes.join(', ') }]

function refusalInDialog(session: LiveSession, request: SipRequest): number | null {
  const type = mediaTypeOf(request)
  if (request.method === 'INFO' && type !== null && !infoTypes.includes(type)) return 415
  return session.refusalOf(request.method, request.body.length > 0)
}

/** RFC 3261 §14.2: a moment between 0 and 10 seconds. */
function retryAfter(random: RandomPort): SipHeader {
  return { name: 'retry-after', value: String(Math.floor(uniform(random) * 11)) }
}

/** What may be logged of an exception: messages can hold parts of the input. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}

/** RFC 3261 §8.2.6: without these a response would find no way back; ACK is never answered. */
function isAnswerable(request: SipRequest): boolean {
  if (request.method === 'ACK') return false
  try {
    return topVia(request) !== null && headerValue(request, 'cseq') !== undefined
  } catch (error) {
    if (error instanceof SipParseError) return false
    throw error
  }
}
