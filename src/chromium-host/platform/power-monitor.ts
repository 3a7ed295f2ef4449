import { EventEmitter } from 'node:events'
import { windowRegistry } from '../window/window-registry.ts'
import { desktop, watchScreenLock } from './desktop.ts'
import { IdleTime } from './idle.ts'
import { watchLogind } from './logind.ts'

const checkEveryMs = 5000
/** The wall clock may be set by a little at any time; a sleep is longer. */
const jumpMs = 15_000

/** How long the machine slept between two readings of both clocks, in ms; 0 if it did not. */
export function sleptMs(wallElapsedMs: number, monotonicElapsedMs: number): number {
  const jump = wallElapsedMs - monotonicElapsedMs
  return jump >= jumpMs ? jump : 0
}

/**
 * `electron.powerMonitor`: `suspend` and `resume` from logind, and `resume` by a jump of the wall clock where it is silent;
 * `lock-screen` and `unlock-screen` from the desktop's screen saver and from logind (`loginctl lock-session`).
 */
class PowerMonitor extends EventEmitter {
  readonly #idle = new IdleTime({ bus: () => desktop.session, now: () => performance.now() })
  #watching = false
  #hasLogind = false

  override on(name: string | symbol, listener: (...args: unknown[]) => void): this {
    this.#watch()
    return super.on(name, listener)
  }

  override once(name: string | symbol, listener: (...args: unknown[]) => void): this {
    this.#watch()
    return super.once(name, listener)
  }

  /** Seconds since somebody touched the computer; where the desktop does not tell, since somebody used our windows. */
  getSystemIdleTime(): number {
    return this.#idle.seconds()
  }

  #watch(): void {
    if (this.#watching) return
    this.#watching = true
    windowRegistry.onInput = () => this.#idle.noteInput()
    // Without a bus the clocks are all there is.
    const screen = (locked: boolean): void => void this.emit(locked ? 'lock-screen' : 'unlock-screen', {})
    const sleep = (sleeping: boolean): void => void this.emit(sleeping ? 'suspend' : 'resume', {})
    watchLogind({ sleep, lock: screen }).then(
      () => (this.#hasLogind = true),
      () => undefined,
    )
    watchScreenLock(screen).catch(() => undefined)
    let wall = new Date().getTime()
    let monotonic = performance.now()
    setInterval(() => {
      const [wallNow, monotonicNow] = [new Date().getTime(), performance.now()]
      if (sleptMs(wallNow - wall, monotonicNow - monotonic) > 0 && !this.#hasLogind) this.emit('resume', {})
      wall = wallNow
      monotonic = monotonicNow
    }, checkEveryMs).unref()
  }
}

export const powerMonitor = new PowerMonitor()
