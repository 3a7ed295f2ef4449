/**
 * Session timers (RFC 4028): one end repeats a request at half the interval, the other hangs up when none comes. Ours and
 * not the library's, which stops refreshing after a refused offer and knows nothing of our re-INVITEs.
 */
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import { cseqOf, headerItems, headerLines, headerValue, optionTags, withHeader } from '../headers.ts'
import type { SipHeader, SipMessage, SipRequest, SipResponse } from '../message.ts'
import { BoundedMap } from './bounded-map.ts'
import { callIdOf } from './descriptions.ts'
import type { LiveSession, LiveSessions } from './live-sessions.ts'

/** Session-Expires we ask for, seconds: finds dead peers without chatter. */
export const sessionExpires = 1_800
/** RFC 4028 §5: nobody may refresh more often. */
export const shortestSessionExpires = 90

type Refresher = 'us' | 'them'

/** What a request of the far end asked for. */
interface Asked {
  readonly expires: number | null
  readonly refresher: 'uac' | 'uas' | null
  readonly isSupported: boolean
}

interface Running {
  readonly expires: number
  readonly refresher: Refresher
  readonly timer: Timer
}

export class SessionTimers {
  readonly #clock: ClockPort
  readonly #live: LiveSessions
  /** By Call-ID and CSeq, until it is answered. */
  readonly #asked = new BoundedMap<string, Asked>(256)
  readonly #running = new Map<LiveSession, Running>()

  constructor(clock: ClockPort, live: LiveSessions) {
    this.#clock = clock
    this.#live = live
    live.onRemoved = (session) => {
      this.#running.get(session)?.timer.cancel()
      this.#running.delete(session)
    }
  }

  /** A request of the far end; headers for a 422 when it wants to hear from us too often (RFC 4028 §9). */
  heard(request: SipRequest): readonly SipHeader[] | null {
    if (!isRefresh(request.method)) return null
    const asked = { ...readExpires(request), isSupported: optionTags(request, 'supported').includes('timer') }
    if (asked.expires !== null && asked.expires < shortestSessionExpires && asked.isSupported) {
      return [{ name: 'min-se', value: String(shortestSessionExpires) }]
    }
    this.#asked.set(keyOf(request), asked)
    this.#live.find(request)?.allows(headerItems(request, 'allow'))
    return null
  }

  /** A request of ours inside a dialog, with the interval it keeps. */
  outgoing(request: SipRequest): SipRequest {
    const session = isRefresh(request.method) ? this.#live.find(request) : null
    const running = session === null ? undefined : this.#running.get(session)
    if (running === undefined) return request
    const refresher = running.refresher === 'us' ? 'uac' : 'uas'
    return withHeader(request, 'session-expires', `${running.expires};refresher=${refresher}`)
  }

  /** A 2xx of ours, with the interval that goes from now. */
  answering(response: SipResponse): SipResponse {
    if (!isSuccess(response)) return response
    const asked = this.#asked.get(keyOf(response)) ?? { expires: null, refresher: null, isSupported: false }
    const isTheirs = asked.isSupported && asked.refresher === 'uac'
    const expires = asked.expires === null ? sessionExpires : Math.max(asked.expires, shortestSessionExpires)
    this.#run(this.#live.find(response), expires, isTheirs ? 'them' : 'us')
    const named = withHeader(response, 'session-expires', `${expires};refresher=${isTheirs ? 'uac' : 'uas'}`)
    // RFC 4028 §9: who has to refresh must know that it has to.
    return isTheirs ? withHeader(named, 'require', 'timer') : named
  }

  /** A 2xx of the far end to a request of ours. */
  answered(response: SipResponse): void {
    if (!isSuccess(response)) return
    const session = this.#live.find(response)
    session?.allows(headerItems(response, 'allow'))
    const { expires, refresher } = readExpires(response)
    this.#run(session, Math.max(expires ?? sessionExpires, shortestSessionExpires), refresher === 'uas' ? 'them' : 'us')
  }

  #run(session: LiveSession | null, expires: number, refresher: Refresher): void {
    if (session === null) return
    this.#running.get(session)?.timer.cancel()
    // RFC 4028 §10: refreshed at half the interval, given up a little before its end.
    const seconds = refresher === 'us' ? expires / 2 : expires - Math.min(32, expires / 3)
    const timer = this.#clock.after(seconds * 1_000, () => (refresher === 'us' ? session.refresh() : session.end(408)))
    this.#running.set(session, { expires, refresher, timer })
  }
}

function isRefresh(method: string): boolean {
  return method === 'INVITE' || method === 'UPDATE'
}

function isSuccess(response: SipResponse): boolean {
  return isRefresh(cseqOf(response).method) && response.status >= 200 && response.status < 300
}

function readExpires(message: SipMessage): Pick<Asked, 'expires' | 'refresher'> {
  const value = headerLines(message, 'session-expires')[0] ?? ''
  const seconds = /^(\d{1,7})[ \t]*(?:;|$)/.exec(value)?.[1]
  const refresher = /;[ \t]*refresher[ \t]*=[ \t]*(uac|uas)\b/i.exec(value)?.[1]?.toLowerCase()
  return {
    expires: seconds === undefined ? null : Number(seconds),
    refresher: refresher === 'uac' || refresher === 'uas' ? refresher : null,
  }
}

function keyOf(message: SipMessage): string {
  return `${callIdOf(message)} ${headerValue(message, 'cseq') ?? ''}`
}
