import { EventEmitter } from 'node:events'

const checkEveryMs = 5000
/** The wall clock may be set by a little at any time; a sleep is longer. */
const jumpMs = 15_000

/** How long the machine slept between two readings of both clocks, in ms; 0 if it did not. */
export function sleptMs(wallElapsedMs: number, monotonicElapsedMs: number): number {
  const jump = wallElapsedMs - monotonicElapsedMs
  return jump >= jumpMs ? jump : 0
}

/** `electron.powerMonitor`: tells `resume` by a jump of the wall clock; what cannot be known is not announced. */
class PowerMonitor extends EventEmitter {
  #watching = false

  override on(name: string | symbol, listener: (...args: unknown[]) => void): this {
    this.#watch()
    return super.on(name, listener)
  }

  override once(name: string | symbol, listener: (...args: unknown[]) => void): this {
    this.#watch()
    return super.once(name, listener)
  }

  #watch(): void {
    if (this.#watching) return
    this.#watching = true
    let wall = new Date().getTime()
    let monotonic = performance.now()
    setInterval(() => {
      const [wallNow, monotonicNow] = [new Date().getTime(), performance.now()]
      if (sleptMs(wallNow - wall, monotonicNow - monotonic) > 0) this.emit('resume', {})
      wall = wallNow
      monotonic = monotonicNow
    }, checkEveryMs).unref()
  }
}

export const powerMonitor = new PowerMonitor()
