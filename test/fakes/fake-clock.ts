import type { ClockPort, Timer } from '#shared/ports/clock.ts'

interface Alarm {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Time that moves only when told to; between two timers everything that is ready gets to run. */
export class FakeClock implements ClockPort {
  /** Counted from zero: a fraction of a millisecond added to the date would be lost, and its timer be due for ever. */
  #elapsed = 0
  #order = 0
  readonly #start: number
  readonly #alarms = new Set<Alarm>()

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#start = startMs
  }

  now(): number {
    return this.#start + this.#elapsed
  }

  monotonic(): number {
    return this.#elapsed
  }

  after(delayMs: number, run: () => void): Timer {
    const alarm = { at: this.#elapsed + Math.max(0, delayMs), order: this.#order++, run }
    this.#alarms.add(alarm)
    return { cancel: () => this.#alarms.delete(alarm) }
  }

  /** Runs every timer due within `ms`, in order. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsed + ms
    await settle()
    for (;;) {
      const next = this.#next()
      if (next === null || next.at > until) break
      this.#alarms.delete(next)
      this.#elapsed = Math.max(this.#elapsed, next.at)
      next.run()
      await settle()
    }
    this.#elapsed = until
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
