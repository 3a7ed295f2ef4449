import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DbusConnection, type ExportedObject } from '#chromium-host/dbus/connection.ts'
import type { DbusMessage } from '#chromium-host/dbus/message.ts'
import { hosts, type RunningApp, startApp } from './host-under-test.ts'

function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

const [chromium] = hosts
if (chromium === undefined) throw new Error('no host')

/** A message bus of its own, with a home of its own. */
class TestBus {
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
class DesktopServices {
  readonly #bus: DbusConnection
  readonly notifications: DbusMessage[] = []
  readonly items: DbusMessage[] = []

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
    if (call.member !== 'Notify') return {}
    this.notifications.push(call)
    return { signature: 'u', body: [this.notifications.length] }
  }

  readonly #watch: ExportedObject = (call) => {
    if (call.member === 'Get') return { signature: 'v', body: [{ signature: 'b', value: true }] }
    this.items.push(call)
    return {}
  }

  clickNotification(id: number): void {
    const base = { path: '/org/freedesktop/Notifications', interface: 'org.freedesktop.Notifications' }
    this.#bus.emitSignal({ ...base, member: 'ActionInvoked', signature: 'us', body: [id, 'default'] })
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

// Every test starts whole browsers, on machines that may be busy.
const timeout = 90_000

describe.skipIf(!isInstalled('dbus-daemon'))('the Chromium host on a desktop with a session bus', { timeout }, () => {
  const bus = new TestBus()
  let services: DesktopServices
  let running: RunningApp

  beforeAll(async () => {
    await bus.start()
    services = await DesktopServices.start(bus.address)
    running = await startApp(chromium, bus.environment)
  })
  afterAll(async () => {
    await running.close()
    services.stop()
    bus.stop()
  })

  it('shows notifications and hears the click, also without a window', async () => {
    const clicked = running.app.evaluate(async ({ Notification }) => {
      const notification = new Notification({ title: 'Bob', body: '<b>hi</b> & bye', silent: true })
      const shown = new Promise((resolve) => notification.once('show', () => resolve(true)))
      const click = new Promise((resolve) => notification.once('click', () => resolve('clicked')))
      notification.show()
      await shown
      return [Notification.isSupported(), await click]
    })
    await expect.poll(() => services.notifications.length).toBe(1)
    const [name, , , title, body] = services.notifications[0]?.body ?? []
    expect([name, title, body]).toEqual(['Host App', 'Bob', '&lt;b&gt;hi&lt;/b&gt; &amp; bye'])
    await new Promise((resolve) => setTimeout(resolve, 100))
    services.clickNotification(1)
    expect(await clicked).toEqual([true, 'clicked'])
  })

  it('puts an icon with a menu into the panel', async () => {
    await running.app.evaluate(({ Tray, Menu }) => {
      const store = globalThis as unknown as { tray: Electron.Tray; trayEvents: string[] }
      store.trayEvents = []
      store.tray = new Tray('/usr/share/icons/sotto.png')
      store.tray.on('click', () => store.trayEvents.push('click'))
      store.tray.setToolTip('Sotto')
      store.tray.setContextMenu(
        Menu.buildFromTemplate([
          { label: 'Show' },
          { type: 'separator' },
          { label: 'Quit', click: () => store.trayEvents.push('quit') },
        ]),
      )
    })
    await expect.poll(() => services.items.length).toBe(1)
    const itemPath = String(services.items[0]?.body[0])
    const item = 'org.kde.StatusNotifierItem'
    const [properties] = await services.callItem(itemPath, 'org.freedesktop.DBus.Properties.GetAll', 's', [item])
    const known = Object.fromEntries(properties as [string, { value: unknown }][])
    expect([known.IconName?.value, known.Status?.value]).toEqual(['/usr/share/icons/sotto.png', 'Active'])
    const menuPath = String(known.Menu?.value)
    const [, layout] = await services.callItem(menuPath, 'com.canonical.dbusmenu.GetLayout', 'iias', [0, -1, []])
    const children = (layout as [number, unknown, { value: [number, [string, { value: string }][]] }[]])[2]
    expect(children.map(({ value: [id, [first]] }) => [id, first?.[1].value])).toEqual([
      [1, 'Show'],
      [2, 'separator'],
      [3, 'Quit'],
    ])
    await services.callItem(itemPath, `${item}.Activate`, 'ii', [0, 0])
    const click = [3, 'clicked', { signature: 's', value: '' }, 0]
    await services.callItem(menuPath, 'com.canonical.dbusmenu.Event', 'isvu', click)
    await expect
      .poll(() => running.app.evaluate(() => (globalThis as unknown as { trayEvents: string[] }).trayEvents))
      .toEqual(['click', 'quit'])
  })

  it('tells the app that there is a tray', async () => {
    const facts = await running.app.evaluate(
      () => (globalThis as Record<symbol, unknown>)[Symbol.for('sotto.chromium-host.facts')],
    )
    expect(facts).toMatchObject({ host: 'chromium', tray: true, notifications: true, headless: true })
    expect((facts as { sandboxed: boolean }).sandboxed).toBe(process.getuid?.() !== 0)
  })

  it('has no safe storage without a keyring', async () => {
    const answer = await running.app.evaluate(async ({ safeStorage }) => [
      await safeStorage.isAsyncEncryptionAvailable(),
      safeStorage.getSelectedStorageBackend(),
    ])
    expect(answer).toEqual([false, 'basic_text'])
  })
})

const keyringInstalled = ['dbus-daemon', 'gnome-keyring-daemon', 'secret-tool'].every(isInstalled)

describe.skipIf(!keyringInstalled)('safeStorage with the real GNOME Keyring', { timeout }, () => {
  it('keeps its key there, over restarts', async () => {
    const bus = new TestBus()
    await bus.start()
    await bus.startKeyring()
    const first = await startApp(chromium, bus.environment)
    const sealed = await first.app.evaluate(async ({ safeStorage }) => [
      (await safeStorage.encryptStringAsync('secret of Alice')).toString('base64'),
      safeStorage.getSelectedStorageBackend(),
    ])
    await first.close()
    expect(sealed[1]).toBe('gnome_libsecret')
    const second = await startApp(chromium, bus.environment)
    const opened = await second.app.evaluate(
      async ({ safeStorage }, text) => (await safeStorage.decryptStringAsync(Buffer.from(text ?? '', 'base64'))).result,
      sealed[0],
    )
    await second.close()
    bus.stop()
    expect(opened).toBe('secret of Alice')
  })
})

describe('the Chromium host without a session bus', { timeout }, () => {
  it('promises neither notifications nor a tray nor safe storage', async () => {
    const running = await startApp(chromium, { DBUS_SESSION_BUS_ADDRESS: '', XDG_RUNTIME_DIR: os.tmpdir() })
    const answer = await running.app.evaluate(async ({ Notification, Tray, safeStorage }) => {
      const notification = new Notification({ title: 'x' })
      const outcome = new Promise((resolve) => notification.once('failed', () => resolve('failed')))
      notification.show()
      const tray = new Tray('/nowhere.png')
      tray.destroy()
      return [
        Notification.isSupported(),
        await outcome,
        tray.isDestroyed(),
        await safeStorage.isAsyncEncryptionAvailable(),
      ]
    })
    expect(answer).toEqual([false, 'failed', true, false])
    await running.close()
  })
})
