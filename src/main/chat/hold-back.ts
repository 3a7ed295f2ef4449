import type { Aor, ConversationId, MessageId } from '#shared/model/ids.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import { holdBackMs, maxHeldBodies } from './limits.ts'

/** The message that others wait for. */
export interface AwaitedMessage {
  readonly conversation: ConversationId
  readonly author: Aor
  readonly messageId: MessageId
}

interface Held {
  readonly run: () => void
  readonly timer: Timer
}

/**
 * Lets a message that overtook its predecessor wait for it: a moment only, and never many, since the sender's transport
 * waits for the answer.
 */
export class HoldBack {
  readonly #clock: ClockPort
  readonly #held = new Map<string, Set<Held>>()
  #count = 0

  constructor(clock: ClockPort) {
    this.#clock = clock
  }

  /** Calls `run` once `awaited` was released, or after the time is up; false if too many wait already. */
  hold(awaited: AwaitedMessage, run: () => void): boolean {
    if (this.#count >= maxHeldBodies) return false
    const key = keyOf(awaited)
    const waiting = this.#held.get(key) ?? new Set<Held>()
    this.#held.set(key, waiting)
    const held: Held = { run, timer: this.#clock.after(holdBackMs, () => this.#let(key, held)) }
    waiting.add(held)
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
    this.#count = 0
  }

  #let(key: string, held: Held): void {
    const waiting = this.#held.get(key)
    if (waiting?.delete(held) !== true) return
    if (waiting.size === 0) this.#held.delete(key)
    this.#count -= 1
    held.timer.cancel()
    held.run()
  }
}

function keyOf({ conversation, author, messageId }: AwaitedMessage): string {
  return `${conversation} ${author} ${messageId}`
}
