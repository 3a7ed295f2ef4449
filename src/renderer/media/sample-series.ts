import { Ring, twoMinutes } from './ring.ts'
import { sampleBetween, type StatsReading, type StatsSample } from './stats.ts'

/** Samples of one call, taken only while somebody watches. */
export class SampleSeries {
  readonly #ring = new Ring<StatsSample>(twoMinutes)
  readonly #watchers = new Set<() => void>()
  readonly #everyMs: number
  readonly #read: () => Promise<StatsReading | null>
  #timer: ReturnType<typeof setInterval> | undefined
  #last: StatsReading | null = null
  #reading = false

  constructor(everyMs: number, read: () => Promise<StatsReading | null>) {
    this.#everyMs = everyMs
    this.#read = read
  }

  /** Oldest first; the same array until a sample comes. */
  get samples(): readonly StatsSample[] {
    return this.#ring.values
  }

  /** Samples from now on and tells of each; returns the disposer. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed)
    if (this.#timer === undefined) {
      this.#timer = setInterval(() => void this.#sample(), this.#everyMs)
      void this.#sample()
    }
    return () => {
      this.#watchers.delete(changed)
      if (this.#watchers.size === 0) this.#stop()
    }
  }

  close(): void {
    this.#stop()
    this.#ring.clear()
  }

  #stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    // What happens unwatched must not look like one second's worth.
    this.#last = null
  }

  async #sample(): Promise<void> {
    if (this.#reading) return
    this.#reading = true
    const reading = await this.#read().catch(() => null)
    this.#reading = false
    if (reading === null || this.#timer === undefined) return
    this.#ring.push(sampleBetween(this.#last, reading))
    this.#last = reading
    for (const changed of this.#watchers) changed()
  }
}
