/** A desktop for tests: a real message bus with the services that programs ask for. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { DbusConnection, type ExportedObject } from '#chromium-host/dbus/connection.ts'
import type { DbusMessage } from '#chromium-host/dbus/message.ts'

/** A message bus of its own, with a home of its own. */
export class TestBus {
  readonly home = mkdtempSync(path.join(os.tmpdir(), 'sotto-desktop-test-'))
  readonly #children: ChildProcess[] = []
  address = ''

  async start(): Promise<void> {
    const daemon = this.#run('dbus-daemon', ['--session', '--nofork', '--nopidfile', '--print-address'])
    this.address = await new Promise((resolve) =>
      daemon.stdout?.setEncoding('utf8').once('data', (text: string) => resolve(text.trim())),
    )
  }

  /** The real GNOME Keyring, unlocked. */
  async startKeyring(): Promise<void> {
    const daemon = this.#run('gnome-keyring-daemon', ['--foreground', '--unlock', '--components=secrets'])
    daemon.stdin?.end('password')
    const bus = await DbusConnection.connect(this.address)
    for (let tries = 0; tries < 100 && !(await bus.hasOwner('org.freedesktop.secrets')); tries++)
      await new Promise((resolve) => setTimeout(resolve, 50))
    bus.close()
  }

  get environment(): Record<string, string> {
    return {
      DBUS_SESSION_BUS_ADDRESS: this.address,
      HOME: this.home,
      XDG_DATA_HOME: path.join(this.home, 'data'),
      XDG_RUNTIME_DIR: this.home,
    }
  }

  #run(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(program, [...args], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, ...(this.address === '' ? {} : this.environment) },
    })
    this.#children.push(child)
    return child
  }

  stop(): void {
    for (const child of this.#children.reverse()) child.kill()
    rmSync(this.home, { recursive: true, force: true })
  }
}

/** A desktop's services, over a real bus: a notification service and a panel's status item watcher. */
export class DesktopServices {
  readonly #bus: DbusConnection
  readonly notifications: DbusMessage[] = []
  readonly items: DbusMessage[] = []
  readonly #open = new Set<number>()

  private constructor(bus: DbusConnection) {
    this.#bus = bus
  }

  static async start(address: string): Promise<DesktopServices> {
    const bus = await DbusConnection.connect(address)
    const services = new DesktopServices(bus)
    bus.exportObject('/org/freedesktop/Notifications', services.#notify)
    bus.exportObject('/StatusNotifierWatcher', services.#watch)
    for (const name of ['org.freedesktop.Notifications', 'org.kde.StatusNotifierWatcher'])
      await bus.call({
        destination: 'org.freedesktop.DBus',
        path: '/org/freedesktop/DBus',
        interface: 'org.freedesktop.DBus',
        member: 'RequestName',
        signature: 'su',
        body: [name, 0],
      })
    return services
  }

  readonly #notify: ExportedObject = (call) => {
    if (call.member === 'GetCapabilities') return { signature: 'as', body: [['body', 'body-markup', 'actions']] }
    if (call.member === 'CloseNotification') this.#close(Number(call.body[0]))
    if (call.member !== 'Notify') return {}
    this.notifications.push(call)
    this.#open.add(this.notifications.length)
    return { signature: 'u', body: [this.notifications.length] }
  }

  /** Ids of what is on the screen. */
  get open(): readonly number[] {
    return [...this.#open]
  }

  /** Title and buttons of a notification: what is done, and the word on the button. */
  describe(id: number): { readonly title: string; readonly actions: ReadonlyMap<string, string> } {
    const [, , , title, , actions] = this.notifications[id - 1]?.body ?? []
    const words = (actions ?? []) as readonly string[]
    const pairs = words.flatMap((word, at): [string, string][] => (at % 2 === 0 ? [[word, words[at + 1] ?? '']] : []))
    return { title: String(title), actions: new Map(pairs) }
  }

  /** The person presses a button, or the notification itself (`default`); it goes, as desktops do it. */
  invoke(id: number, action: string): void {
    this.#signal('ActionInvoked', 'us', [id, action])
    this.#close(id)
  }

  #close(id: number): void {
    if (this.#open.delete(id)) this.#signal('NotificationClosed', 'uu', [id, 3])
  }

  #signal(member: string, signature: string, body: unknown[]): void {
    const base = { path: '/org/freedesktop/Notifications', interface: 'org.freedesktop.Notifications' }
    this.#bus.emitSignal({ ...base, member, signature, body })
  }

  readonly #watch: ExportedObject = (call) => {
    if (call.member === 'Get') return { signature: 'v', body: [{ signature: 'b', value: true }] }
    this.items.push(call)
    return {}
  }

  /** Calls the status item as a panel does. */
  callItem(at: string, method: string, signature: string, body: unknown[]): Promise<readonly unknown[]> {
    const destination = this.items[0]?.sender ?? ''
    const dot = method.lastIndexOf('.')
    const [name, member] = [method.slice(0, dot), method.slice(dot + 1)]
    return this.#bus.call({ destination, path: at, interface: name, member, signature, body })
  }

  stop(): void {
    this.#bus.close()
  }
}
