import { toHex } from '#shared/bytes/bytes.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { StunMessage } from './stun-message.ts'

/** Milliseconds and counts of RFC 8489 §6.2.1. */
export const retransmission = {
  /** Before anything is known about the way. */
  rtoMs: 500,
  /** Sends of one request at most (Rc). */
  sends: 7,
  /** First time-outs to wait after the last send (Rm). */
  lastWait: 16,
  /** From the first send to giving up, with the figures above. */
  totalMs: 39_500,
} as const

/** How to send one request and to judge what comes back. */
export interface StunRequest {
  readonly packet: Uint8Array
  readonly transactionId: Uint8Array
  /** Whether a response counts; one that does not is ignored, as if it had not come. */
  accepts(response: StunMessage): boolean
  /** Called once: the response, or null when none came. */
  done(response: StunMessage | null): void
}

interface Waiting {
  readonly request: StunRequest
  timer: Timer
}

/** Client transactions towards one server over an unreliable transport. */
export class StunTransactions {
  readonly #clock: ClockPort
  readonly #send: (packet: Uint8Array) => void
  readonly #waiting = new Map<string, Waiting>()

  constructor(clock: ClockPort, send: (packet: Uint8Array) => void) {
    this.#clock = clock
    this.#send = send
  }

  /** Sends at once, then after 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s; gives up after 39.5 s. */
  start(request: StunRequest): void {
    const waiting: Waiting = { request, timer: { cancel: () => undefined } }
    this.#waiting.set(toHex(request.transactionId), waiting)
    this.#sendAgain(waiting, 1)
  }

  #sendAgain(waiting: Waiting, sends: number): void {
    const { rtoMs, lastWait } = retransmission
    const isLast = sends === retransmission.sends
    const waitMs = rtoMs * (isLast ? lastWait : 2 ** (sends - 1))
    waiting.timer = this.#clock.after(waitMs, () => {
      if (isLast) this.#finish(waiting, null)
      else this.#sendAgain(waiting, sends + 1)
    })
    this.#send(waiting.request.packet)
  }

  /** Takes a response to one of the requests under way; false for all else. */
  handle(message: StunMessage): boolean {
    if (message.class !== 'success' && message.class !== 'error') return false
    const waiting = this.#waiting.get(toHex(message.transactionId))
    if (!waiting?.request.accepts(message)) return false
    this.#finish(waiting, message)
    return true
  }

  /** Forgets everything under way; nothing is called for it any more. */
  close(): void {
    for (const { timer } of this.#waiting.values()) timer.cancel()
    this.#waiting.clear()
  }

  #finish({ request, timer }: Waiting, response: StunMessage | null): void {
    timer.cancel()
    this.#waiting.delete(toHex(request.transactionId))
    request.done(response)
  }
}
