/** How long nobody has touched the computer: by GNOME's idle monitor where there is one, else by our own windows alone. */
import type { DbusConnection } from '../dbus/connection.ts'

const monitor = 'org.gnome.Mutter.IdleMonitor'
const monitorPath = '/org/gnome/Mutter/IdleMonitor/Core'

interface IdlePorts {
  /** Null where there is no session bus. */
  readonly bus: () => DbusConnection | null
  /** Monotonic ms. */
  readonly now: () => number
}

/** Seconds since the last input, as they were known a moment ago: never more than they are. */
export class IdleTime {
  readonly #ports: IdlePorts
  #lastInput: number
  /** What the desktop said last, ms; null where it says nothing. */
  #desktop: number | null = null
  #asking = false

  constructor(ports: IdlePorts) {
    this.#ports = ports
    this.#lastInput = ports.now()
  }

  /** Somebody used one of our windows. */
  noteInput(): void {
    this.#lastInput = this.#ports.now()
    this.#desktop = null
  }

  /** The answer of the desktop takes a moment, so that it counts from the next call on. */
  seconds(): number {
    void this.#ask()
    const own = this.#ports.now() - this.#lastInput
    return Math.floor(Math.min(own, this.#desktop ?? own) / 1000)
  }

  async #ask(): Promise<void> {
    const bus = this.#ports.bus()
    if (bus === null || this.#asking) return
    this.#asking = true
    try {
      if (!(await bus.hasOwner(monitor))) return
      const [idleMs] = await bus.call({
        ...{ destination: monitor, path: monitorPath, interface: monitor, member: 'GetIdletime' },
      })
      this.#desktop = Number(idleMs)
    } catch {
      // A desktop that stopped answering knows nothing any more.
      this.#desktop = null
    } finally {
      this.#asking = false
    }
  }
}
