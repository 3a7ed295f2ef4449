import { DbusConnection, sessionBusAddress } from '../dbus/connection.ts'
import type { Variant } from '../dbus/wire.ts'
import { publishFacts } from '../facts.ts'

export const notificationsName = 'org.freedesktop.Notifications'
export const watcherName = 'org.kde.StatusNotifierWatcher'
const watcherPath = '/StatusNotifierWatcher'

/** What the person's desktop offers over D-Bus; everything is null or false where there is no bus. */
class Desktop {
  readonly #explored = Promise.withResolvers<void>()
  #session: DbusConnection | null = null
  #notifications = false
  #tray = false

  get session(): DbusConnection | null {
    return this.#session
  }

  get hasNotifications(): boolean {
    return this.#notifications
  }

  get hasTray(): boolean {
    return this.#tray
  }

  /** The session bus, however late it answers; null where there is none. */
  async foundSession(): Promise<DbusConnection | null> {
    await this.#explored.promise
    return this.#session
  }

  /** Finds out once, before the app starts; never throws. */
  async explore(): Promise<void> {
    await this.#look()
    this.#explored.resolve()
  }

  async #look(): Promise<void> {
    const address = process.platform === 'linux' ? sessionBusAddress() : null
    if (address === null) return
    try {
      const session = await DbusConnection.connect(address)
      session.onClosed = () => this.#forget()
      this.#session = session
      this.#notifications = await session.canReach(notificationsName)
      this.#tray = await hasTrayHost(session)
    } catch {
      this.#forget()
    }
    publishFacts({ tray: this.#tray, notifications: this.#notifications })
  }

  #forget(): void {
    this.#session = null
    this.#notifications = false
    this.#tray = false
    publishFacts({ tray: false, notifications: false })
  }
}

/** A watcher alone shows nothing: a host (a panel) must be there too. */
async function hasTrayHost(session: DbusConnection): Promise<boolean> {
  if (!(await session.hasOwner(watcherName))) return false
  const [answer] = await session.call({
    destination: watcherName,
    path: watcherPath,
    interface: 'org.freedesktop.DBus.Properties',
    member: 'Get',
    signature: 'ss',
    body: [watcherName, 'IsStatusNotifierHostRegistered'],
  })
  return (answer as Variant).value === true
}

/** Announces a status icon to the desktop's watcher. */
export async function registerStatusItem(session: DbusConnection, path: string): Promise<void> {
  await session.call({
    destination: watcherName,
    path: watcherPath,
    interface: watcherName,
    member: 'RegisterStatusNotifierItem',
    signature: 's',
    body: [path],
  })
}

/** Calls `handler` when the screen is locked, and when it is not any more. */
export async function watchScreenLock(handler: (locked: boolean) => void): Promise<void> {
  let last = false
  const session = await desktop.foundSession()
  await session?.subscribe("type='signal',member='ActiveChanged'", (signal) => {
    const { member, interface: from = '', body } = signal
    // Every desktop has the same signal under a name of its own.
    if (member !== 'ActiveChanged' || !from.endsWith('.ScreenSaver')) return
    const locked = body[0] === true
    if (locked !== last) handler(locked)
    last = locked
  })
}

export const desktop = new Desktop()
