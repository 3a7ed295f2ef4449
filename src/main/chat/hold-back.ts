import type { Aor, ConversationId, MessageId } from '#shared/model/ids.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import { holdBackMs, maxHeldBodies, maxHoldBackMs } from './limits.ts'

/** The message that others wait for. */
export interface AwaitedMessage {
  readonly conversation: ConversationId
  readonly author: Aor
  readonly messageId: MessageId
}

interface Held {
  readonly own: string
  readonly run: () => void
  timer: Timer
  waitedMs: number
}

/**
 * Lets a message that overtook its predecessor wait for it: a moment only, and never many, since the sender's transport
 * waits for the answer.
 */
export class HoldBack {
  readonly #clock: ClockPort
  readonly #held = new Map<string, Set<Held>>()
  /** Messages that wait themselves, as often as they came. */
  readonly #waiting = new Map<string, number>()
  #count = 0

  constructor(clock: ClockPort) {
    this.#clock = clock
  }

  /** Calls `run` once `awaited` was released, or after the time is up; false if too many wait already. */
  hold(own: AwaitedMessage, awaited: AwaitedMessage, run: () => void): boolean {
    if (this.#count >= maxHeldBodies) return false
    const key = keyOf(awaited)
    const waiting = this.#held.get(key) ?? new Set<Held>()
    this.#held.set(key, waiting)
    const held: Held = { own: keyOf(own), run, waitedMs: 0, timer: this.#after(() => this.#timeIsUp(key, held)) }
    waiting.add(held)
    this.#waiting.set(held.own, (this.#waiting.get(held.own) ?? 0) + 1)
    this.#count += 1
    return true
  }

  /** `arrived` is in the history now. */
  release(arrived: AwaitedMessage): void {
    const key = keyOf(arrived)
    for (const held of this.#held.get(key) ?? []) this.#let(key, held)
  }

  stop(): void {
    for (const waiting of this.#held.values()) for (const { timer } of waiting) timer.cancel()
    this.#held.clear()
    this.#waiting.clear()
    this.#count = 0
  }

  /** What is here already and only waits for its own predecessor is waited for a little longer. */
  #timeIsUp(key: string, held: Held): void {
    held.waitedMs += holdBackMs
    if (this.#waiting.has(key) && held.waitedMs < maxHoldBackMs)
      held.timer = this.#after(() => this.#timeIsUp(key, held))
    else this.#let(key, held)
  }

  #after(run: () => void): Timer {
    return this.#clock.after(holdBackMs, run)
  }

  #let(key: string, held: Held): void {
    const waiting = this.#held.get(key)
    if (waiting?.delete(held) !== true) return
    if (waiting.size === 0) this.#held.delete(key)
    const copies = this.#waiting.get(held.own) ?? 0
    if (copies > 1) this.#waiting.set(held.own, copies - 1)
    else this.#waiting.delete(held.own)
    this.#count -= 1
    held.timer.cancel()
    held.run()
  }
}

function keyOf({ conversation, author, messageId }: AwaitedMessage): string {
  return `${conversation} ${author} ${messageId}`
}
