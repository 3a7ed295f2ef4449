/** 2xx answers to INVITE that wait for their ACK (RFC 3261 §13.3.1.4): repeated from end to end, whatever the transport here. */
import { cseqOf, fromOf, headerValue, tagOf, toOf } from '#protocol/sip/headers.ts'
import { T1, T2, transactionTimeoutMs } from '#protocol/sip/transaction/machine.ts'
import type { SipMessage, SipResponse } from '#protocol/sip/message.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'

interface Accepted {
  readonly repeat: () => void
  readonly onGivenUp: () => void
  timer: Timer
  intervalMs: number
  waitedMs: number
}

/** More at a time are sent once, and not waited for. */
const maxWaiting = 1_000

export class AcceptedInvites {
  readonly #clock: ClockPort
  readonly #waiting = new Map<string, Accepted>()

  constructor(clock: ClockPort) {
    this.#clock = clock
  }

  /** A 2xx went out: `repeat` sends it again, `onGivenUp` says that no ACK came within 64·T1. */
  wait(response: SipResponse, repeat: () => void, onGivenUp: () => void): void {
    const key = keyOf(response)
    if (this.#waiting.size >= maxWaiting || this.#waiting.has(key)) return
    const timer = this.#clock.after(T1, () => this.#next(key))
    this.#waiting.set(key, { repeat, onGivenUp, timer, intervalMs: T1, waitedMs: 0 })
  }

  acknowledged(ack: SipMessage): void {
    const key = keyOf(ack)
    this.#waiting.get(key)?.timer.cancel()
    this.#waiting.delete(key)
  }

  stop(): void {
    for (const { timer } of this.#waiting.values()) timer.cancel()
    this.#waiting.clear()
  }

  #next(key: string): void {
    const accepted = this.#waiting.get(key)
    if (accepted === undefined) return
    accepted.waitedMs += accepted.intervalMs
    if (accepted.waitedMs >= transactionTimeoutMs) {
      this.#waiting.delete(key)
      accepted.onGivenUp()
      return
    }
    const left = transactionTimeoutMs - accepted.waitedMs
    accepted.intervalMs = Math.min(accepted.intervalMs * 2, T2, left)
    accepted.timer = this.#clock.after(accepted.intervalMs, () => this.#next(key))
    accepted.repeat()
  }
}

/** The dialog and the number of its INVITE, which the ACK repeats. */
function keyOf(message: SipMessage): string {
  const tags = [tagOf(fromOf(message)), tagOf(toOf(message))]
  return [headerValue(message, 'call-id'), ...tags, cseqOf(message).sequence].join('\n')
}
