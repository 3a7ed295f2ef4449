/** The sessions that are not over, so that what passes over the wire finds the one it belongs to. */
import { tagOf, toOf, fromOf } from '../headers.ts'
import type { SipMessage } from '../message.ts'
import { callIdOf } from './descriptions.ts'

/** What a provisional response to an INVITE says. */
export interface Provisional {
  readonly status: number
  readonly toTag: string | null
  readonly sdp: string | null
}

/** A session as the wire needs it. */
export interface LiveSession {
  heardProvisional(provisional: Provisional): void
  /** Status for a request of the far end that comes at the wrong time; null lets it pass. */
  refusalOf(method: string, hasOffer: boolean): number | null
  /** The library has taken a request of the far end. */
  taken(method: string): void
  end(status: number): void
  /** Methods the far end takes; none when it does not say. */
  allows(methods: readonly string[]): void
  /** Shows the far end, and asks of it, that the session stands (RFC 4028). */
  refresh(): void
  /** The connection is gone: whoever waits for an answer hears none. */
  flowLost(): void
}

export class LiveSessions {
  /** By Call-ID and the tag of the end that sent the INVITE. */
  readonly #sessions = new Map<string, LiveSession>()

  #replacing: string | null = null
  /** Told of every session that is over. */
  onRemoved: (session: LiveSession) => void = () => undefined

  /** `id` of the session that the INVITE being taken right now wants to replace. */
  get replacing(): string | null {
    return this.#replacing
  }

  /** Takes an INVITE that names session `id` in its Replaces. */
  whileReplacing(id: string, take: () => void): void {
    this.#replacing = id
    try {
      take()
    } finally {
      this.#replacing = null
    }
  }

  add(id: string, session: LiveSession): void {
    this.#sessions.set(id, session)
  }

  remove(id: string): void {
    const session = this.#sessions.get(id)
    this.#sessions.delete(id)
    if (session !== undefined) this.onRemoved(session)
  }

  /** The session a request or response belongs to. */
  find(message: SipMessage): LiveSession | null {
    const callId = callIdOf(message)
    const tags = [tagOf(fromOf(message)), tagOf(toOf(message))]
    for (const tag of tags) {
      const session = tag === null ? undefined : this.#sessions.get(callId + tag)
      if (session !== undefined) return session
    }
    return null
  }

  flowLost(): void {
    for (const session of [...this.#sessions.values()]) session.flowLost()
  }
}
