import { EventEmitter } from 'node:events'
import type { CdpConnection } from './cdp/connection.ts'
import { engine } from './engine.ts'
import { pageOriginOf } from './window/page-url.ts'

type RequestHandler = (contents: null, permission: string, answer: (granted: boolean) => void, details: object) => void
type CheckHandler = (contents: null, permission: string, origin: string, details: object) => boolean

/** Electron's permission → the names Chromium knows it by. */
const chromiumNames: Readonly<Record<string, readonly string[]>> = {
  media: ['camera', 'microphone'],
  'speaker-selection': ['speaker-selection'],
  notifications: ['notifications'],
  geolocation: ['geolocation'],
  midi: ['midi'],
  midiSysex: ['midi-sysex'],
  'clipboard-read': ['clipboard-read'],
  'clipboard-sanitized-write': ['clipboard-write'],
  'idle-detection': ['idle-detection'],
  'storage-access': ['storage-access'],
  'window-management': ['window-management'],
  'display-capture': ['display-capture'],
  keyboardLock: ['keyboard-lock'],
  'local-fonts': ['local-fonts'],
  'background-sync': ['background-sync'],
  'persistent-storage': ['persistent-storage'],
  sensors: ['accelerometer', 'gyroscope', 'magnetometer', 'ambient-light-sensor'],
}

/** Asks the app's handler once; a handler that answers later counts as a refusal until it does. */
function ask(handler: RequestHandler, permission: string, origin: string): boolean {
  let granted = false
  handler(null, permission, (answer) => (granted = answer), { requestingUrl: `${origin}/`, isMainFrame: true })
  return granted
}

/**
 * `electron.Session`. Weaker than Electron's: Chromium is told the answer for each permission per origin ahead of time;
 * there is no question per request. Everything is refused until the app sets a handler that allows it.
 */
export class HostSession extends EventEmitter {
  #request: RequestHandler | null = null
  #check: CheckHandler | null = null
  readonly #origins = new Set<string>()

  setPermissionRequestHandler(handler: RequestHandler | null): void {
    this.#request = handler
    this.#applyAll()
  }

  setPermissionCheckHandler(handler: CheckHandler | null): void {
    this.#check = handler
    this.#applyAll()
  }

  /** The page never downloads here (Chromium refuses), so there is nothing to clear. */
  clearCache(): Promise<void> {
    return Promise.resolve()
  }

  clearStorageData(): Promise<void> {
    return Promise.resolve()
  }

  /** Host only: decides for the origin of `appUrl` before its page opens. */
  async decideFor(appUrl: string): Promise<void> {
    const origin = appUrl.split('/').slice(0, 3).join('/')
    this.#origins.add(origin)
    const { connection } = await engine.start()
    await this.#apply(connection, origin)
  }

  #applyAll(): void {
    const connection = engine.connection
    if (connection === null) return
    for (const origin of this.#origins) this.#apply(connection, origin).catch(() => undefined)
  }

  async #apply(connection: CdpConnection, origin: string): Promise<void> {
    const pageOrigin = pageOriginOf(origin)
    if (pageOrigin === null) return
    const commands = Object.entries(chromiumNames).flatMap(([permission, names]) => {
      const setting = this.#allows(permission, origin) ? 'granted' : 'denied'
      // A name this Chromium does not know cannot be asked for either.
      return names.map((name) =>
        connection
          .send('Browser.setPermission', { permission: { name }, setting, origin: pageOrigin })
          .catch(() => undefined),
      )
    })
    await Promise.all(commands)
  }

  #allows(permission: string, origin: string): boolean {
    if (this.#request === null) return false
    if (!ask(this.#request, permission, origin)) return false
    return this.#check?.(null, permission, origin, { requestingUrl: `${origin}/`, isMainFrame: true }) ?? true
  }
}

export const defaultSession = new HostSession()
export const session = { defaultSession, fromPartition: (): HostSession => defaultSession }
