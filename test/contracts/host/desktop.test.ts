import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DesktopServices, TestBus } from '#test/fakes/desktop.ts'
import { hosts, type RunningApp, startApp } from './host-under-test.ts'
import { missingCommands, titleWithNeeds } from '../../e2e/support/needs.ts'

const [chromium] = hosts
if (chromium === undefined) throw new Error('no host')

// Every test starts whole browsers, on machines that may be busy.
const timeout = 90_000

const missingBus = missingCommands('dbus-daemon')
const busTitle = titleWithNeeds('the Chromium host on a desktop with a session bus', missingBus)

describe.skipIf(missingBus.length > 0)(busTitle, { timeout }, () => {
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
    services.invoke(1, 'default')
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

const keyring = missingCommands('dbus-daemon', 'gnome-keyring-daemon', 'secret-tool')
const keyringTitle = titleWithNeeds('safeStorage with the real GNOME Keyring', keyring)

describe.skipIf(keyring.length > 0)(keyringTitle, { timeout }, () => {
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

describe('the save dialog of the Chromium host', { timeout }, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'sotto-save-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const suggested = path.join(folder, 'documents', 'Sotto.age')

  /** What the dialog answers where `zenity` is this script; null = there is none. */
  async function answerWith(script: string | null): Promise<unknown> {
    const bin = mkdtempSync(path.join(folder, 'bin-'))
    if (script !== null) writeFileSync(path.join(bin, 'zenity'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    const running = await startApp(chromium!, {
      PATH: `${bin}:${process.env.PATH ?? ''}`,
    })
    const answer = await running.app.evaluate(
      ({ dialog }, defaultPath) => dialog.showSaveDialog({ title: 'Export to', defaultPath }),
      suggested,
    )
    await running.close()
    return answer
  }

  it('is that of the desktop; closing it cancels', async () => {
    expect(await answerWith('echo "$0 $*" >&2; echo /chosen/by/the\\ person.age')).toEqual({
      canceled: false,
      filePath: '/chosen/by/the person.age',
    })
    expect(await answerWith('exit 1')).toEqual({ canceled: true, filePath: '' })
  })

  it('takes the suggestion where there is none, and makes its folder', async () => {
    expect(await answerWith('exit 127')).toEqual({ canceled: false, filePath: suggested })
    expect(existsSync(path.dirname(suggested))).toBe(true)
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
