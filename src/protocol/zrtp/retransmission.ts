/** Repeating a message until its answer comes (RFC 6189 §6). */
import type { ClockPort, Timer } from '#shared/ports/clock.ts'

export interface Schedule {
  readonly firstMs: number
  readonly capMs: number
  /** Repetitions after the first sending. */
  readonly times: number
}

/** T1 where nothing says that the peer speaks ZRTP: 3.75 s. */
export const helloSchedule: Schedule = { firstMs: 50, capMs: 200, times: 20 }
/** T1 where something does: 12.15 s. */
export const extendedHelloSchedule: Schedule = { firstMs: 50, capMs: 200, times: 62 }
/**
 * T2: 9.45 s, as long as the RFC's, and one repetition more in the middle of each of its intervals of 1.2 s: by its own ten, one
 * call of a hundred and twenty is not secure in 8 s where 30 % of the packets are lost each way.
 */
export const messageSchedule: Schedule = { firstMs: 150, capMs: 600, times: 16 }

interface RepetitionOptions {
  readonly clock: ClockPort
  /** Asked anew before each repetition, because evidence of the peer makes it longer. */
  readonly schedule: () => Schedule
  readonly repeat: (count: number) => void
  /** After the last repetition went unanswered for one more interval. */
  readonly exhausted: () => void
}

/** Calls `repeat` on a schedule; the first sending is the caller's. */
export class Repetition {
  readonly #options: RepetitionOptions
  #timer: Timer
  #count = 0
  #delay: number

  constructor(options: RepetitionOptions) {
    this.#options = options
    this.#delay = options.schedule().firstMs
    this.#timer = options.clock.after(this.#delay, () => this.#fire())
  }

  stop(): void {
    this.#timer.cancel()
  }

  #fire(): void {
    const { clock, schedule, repeat, exhausted } = this.#options
    const { capMs, times } = schedule()
    if (this.#count >= times) {
      exhausted()
      return
    }
    this.#count += 1
    this.#delay = Math.min(this.#delay * 2, capMs)
    this.#timer = clock.after(this.#delay, () => this.#fire())
    repeat(this.#count)
  }
}
