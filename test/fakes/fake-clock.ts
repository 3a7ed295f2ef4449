import type { ClockPort, Timer } from '#shared/ports/clock.ts'

interface Alarm {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Time that moves only when told to; between two timers everything that is ready gets to run. */
export class FakeClock implements ClockPort {
  #now: number
  #order = 0
  readonly #start: number
  readonly #alarms = new Set<Alarm>()

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs
    this.#start = startMs
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now - this.#start
  }

  after(delayMs: number, run: () => void): Timer {
    const alarm = { at: this.#now + Math.max(0, delayMs), order: this.#order++, run }
    this.#alarms.add(alarm)
    return { cancel: () => this.#alarms.delete(alarm) }
  }

  /** Runs every timer due within `ms`, in order. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await settle()
    for (;;) {
      const next = this.#next()
      if (next === null || next.at > until) break
      this.#alarms.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.run()
      await settle()
    }
    this.#now = until
  }

  #next(): Alarm | null {
    let first: Alarm | null = null
    for (const alarm of this.#alarms)
      if (first === null || alarm.at < first.at || (alarm.at === first.at && alarm.order < first.order)) first = alarm
    return first
  }
}

/** Lets promises, and the immediates they wait for, run until nothing is ready any more. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
}
