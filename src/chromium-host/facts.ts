/** What the app may want to say about the host it runs on. */
export interface HostFacts {
  readonly host: 'chromium'
  /** False as root: Chromium's own sandbox is off, and the window says so. */
  readonly sandboxed: boolean
  readonly headless: boolean
  /** Chromium's version once it runs. */
  readonly chromium: string | null
  /** Whether a status notifier watcher answers, so that `new Tray()` shows an icon. */
  readonly tray: boolean
  /** Whether notifications reach a notification service of the desktop. */
  readonly notifications: boolean
}

const key = Symbol.for('sotto.chromium-host.facts')

/** The facts of the Chromium host; null on Electron. Works from a bundle too: it reads what the host left in the process. */
export function hostFacts(): HostFacts | null {
  return ((globalThis as Record<symbol, unknown>)[key] as HostFacts | undefined) ?? null
}

/** Host only: states facts. */
export function publishFacts(facts: Partial<HostFacts>): void {
  const before: HostFacts = hostFacts() ?? {
    host: 'chromium',
    sandboxed: true,
    headless: false,
    chromium: null,
    tray: false,
    notifications: false,
  }
  Object.defineProperty(globalThis, key, { value: Object.freeze({ ...before, ...facts }), configurable: true })
}
