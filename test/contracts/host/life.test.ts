import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { profileRoot } from '#chromium-host/chromium/profile.ts'
import { hosts, makeUserData, PlainApp, startApp } from './host-under-test.ts'

const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp()
})

function userDataOf(): string {
  const folder = makeUserData()
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function start(host: (typeof hosts)[number], args: readonly string[] = [], env: Record<string, string> = {}): PlainApp {
  const own = args.some((arg) => arg.startsWith('--user-data-dir=')) ? [] : [`--user-data-dir=${userDataOf()}`]
  const app = new PlainApp(host, [...own, ...args], env)
  cleanUps.push(() => app.child.kill('SIGKILL'))
  return app
}

interface ListedTarget {
  readonly type: string
  readonly webSocketDebuggerUrl: string
}

/** Sends one command to the page from outside: `Page.close` does what the window's close button does. */
async function commandPage(app: PlainApp, method: 'Page.close' | 'Page.crash'): Promise<void> {
  const announced = await app.line(/^DevTools listening on /)
  const { host } = new URL(announced.slice('DevTools listening on '.length))
  const targets = (await (await fetch(`http://${host}/json/list`)).json()) as ListedTarget[]
  const page = targets.find(({ type }) => type === 'page')
  if (page === undefined) throw new Error('no page')
  const socket = new WebSocket(page.webSocketDebuggerUrl)
  await new Promise((resolve) => socket.once('open', resolve))
  socket.send(JSON.stringify({ id: 1, method }))
  await Promise.race(['message', 'close'].map((name) => new Promise((resolve) => socket.once(name, resolve))))
  socket.terminate()
}

/** Our Chromium's profiles of one process. */
function profilesOf(pid: number | undefined): string[] {
  return readdirSync(profileRoot()).filter((name) => name.startsWith(`sotto-chromium-${pid ?? 0}-`))
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
}

function parentOf(pid: string): number {
  try {
    // pid (name) state parent …; the name may hold anything.
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1])
  } catch {
    return 0
  }
}

function childrenOf(pid: number | undefined): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return all.filter((name) => parentOf(name) === pid).map(Number)
}

async function until(holds: () => boolean, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it did not happen in time')
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

// Every test starts whole browsers, on machines that may be busy.
const timeout = 90_000

describe.each(hosts)('windows and life on $name', { timeout }, (host) => {
  it('asks before a window closes, stays without windows, opens another, quits', async () => {
    const running = await startApp(host)
    const events = await running.app.evaluate(async ({ BrowserWindow }) => {
      const fixture = globalThis as unknown as {
        veto: boolean
        seen: { events: string[] }
        openWindow(): Electron.BrowserWindow
        loaded: Promise<void>
      }
      const [window] = BrowserWindow.getAllWindows()
      if (window === undefined) throw new Error('no window')
      fixture.seen.events.length = 0
      fixture.veto = true
      window.close()
      const kept = !window.isDestroyed()
      fixture.veto = false
      window.close()
      await new Promise((resolve) => setTimeout(resolve, 300))
      const left = BrowserWindow.getAllWindows().length
      const again = fixture.openWindow()
      await fixture.loaded
      return { kept, left, events: fixture.seen.events.slice(0, 4), url: again.webContents.getURL() }
    })
    expect(events).toEqual({
      kept: true,
      left: 0,
      events: ['close', 'close', 'closed', 'window-all-closed'],
      url: 'sotto://app/index.html',
    })
    await running.close()
  })

  it('lets the app veto the close button of a window nobody has clicked in', async () => {
    const app = start(host, ['--veto'])
    await app.line(/^event ready-to-show$/)
    await commandPage(app, 'Page.close')
    await app.line(/^event close$/)
    await commandPage(app, 'Page.close')
    await app.line(/^event close$/, 2)
    expect(app.lines).not.toContain('event closed')
    app.child.kill('SIGKILL')
    await app.ended
  })

  it('tells of the last window and lives on', async () => {
    const app = start(host)
    await app.line(/^event ready-to-show$/)
    await commandPage(app, 'Page.close')
    await app.line(/^event window-all-closed$/)
    expect(app.lines.filter((line) => /^event (close|closed|window-all-closed)$/.test(line))).toEqual([
      'event close',
      'event closed',
      'event window-all-closed',
    ])
    expect(app.child.exitCode).toBeNull()
    app.child.kill('SIGTERM')
    expect(await app.ended).toBe(0)
    expect(app.lines.filter((line) => /^event (before|will)-quit$/.test(line))).toEqual([
      'event before-quit',
      'event will-quit',
    ])
  })

  it('tells of a page that crashed and opens it again', async () => {
    const app = start(host)
    await app.line(/^event ready-to-show$/)
    // A crashed page answers nothing.
    void commandPage(app, 'Page.crash').catch(() => undefined)
    await app.line(/^event gone crashed$/)
    await app.line(/^event did-finish-load$/, 2)
    app.child.kill('SIGTERM')
    expect(await app.ended).toBe(0)
  })

  it('lets one instance run per profile and tells it of the second', async () => {
    const userData = userDataOf()
    const first = start(host, [`--user-data-dir=${userData}`])
    await first.line(/^event ready-to-show$/)
    const second = start(host, [`--user-data-dir=${userData}`, '--open=bob'])
    expect(await second.ended).toBe(0)
    expect(second.lines).toContain('second')
    await first.line(/^event second-instance --open=bob$/)
    first.child.kill('SIGKILL')
    await first.ended
    // What a killed instance left must not lock anybody out.
    const third = start(host, [`--user-data-dir=${userData}`])
    await third.line(/^event ready-to-show$/)
    third.child.kill('SIGTERM')
    await third.ended
  })
})

describe('the Chromium host alone', { timeout }, () => {
  const [host] = hosts
  if (host === undefined) throw new Error('no host')

  it('keeps its profile in memory and removes it at the end', async () => {
    const app = start(host)
    await app.line(/^event ready-to-show$/)
    const { pid } = app.child
    expect(profilesOf(pid)).toHaveLength(1)
    app.child.kill('SIGTERM')
    await app.ended
    expect(profilesOf(pid)).toEqual([])
  })

  it('takes Chromium along when it is killed, and cleans up at the next start', async () => {
    const app = start(host)
    await app.line(/^event ready-to-show$/)
    const { pid } = app.child
    const [profile = ''] = profilesOf(pid)
    app.child.kill('SIGKILL')
    await app.ended
    // Chromium's lock vanishes when it has ended.
    await until(() => !existsSync(path.join(profileRoot(), profile, 'SingletonLock')))
    const next = start(host)
    await next.line(/^event ready-to-show$/)
    expect(profilesOf(pid)).toEqual([])
    next.child.kill('SIGTERM')
    await next.ended
  })

  it('notices that Chromium died and can start it again', async () => {
    const app = start(host, ['--reopen'])
    await app.line(/^event ready-to-show$/)
    const [chromium] = childrenOf(app.child.pid)
    if (chromium === undefined) throw new Error('no Chromium')
    process.kill(chromium, 'SIGKILL')
    await app.line(/^event window-all-closed$/)
    await app.line(/^event ready-to-show$/, 2)
    app.child.kill('SIGTERM')
    expect(await app.ended).toBe(0)
  })

  it('keeps what Chromium writes down of a crash in its profile', async () => {
    const home = userDataOf()
    const app = start(host, [], { HOME: home, XDG_CONFIG_HOME: path.join(home, 'config') })
    await app.line(/^event ready-to-show$/)
    const [profile = ''] = profilesOf(app.child.pid)
    await commandPage(app, 'Page.crash')
    const dumps = (): string[] => filesBelow(path.join(profileRoot(), profile)).filter((name) => name.endsWith('.dmp'))
    await until(() => dumps().length > 0)
    expect(filesBelow(home).filter((name) => /\.(?:dmp|meta)$/.test(name))).toEqual([])
    app.child.kill('SIGTERM')
    await app.ended
    await until(() => !existsSync(path.join(profileRoot(), profile)))
  })

  it('says why Chromium did not start', async () => {
    const app = start(host, [], { SOTTO_CHROMIUM: '/bin/false' })
    expect(await app.ended).toBe(1)
    expect(app.lines.join(' ')).toContain('Chromium ended while it started.')
  })

  it('says that there is no Chromium', async () => {
    const app = start(host, [], { SOTTO_CHROMIUM: '/nowhere/chromium' })
    expect(await app.ended).toBe(1)
    expect(app.lines.join(' ')).toContain('No Chromium found.')
  })

  it('opens no port outside tests', async () => {
    const app = start(host, [], { SOTTO_HOST_TEST: '' })
    await app.line(/^event ready-to-show$/)
    expect(app.lines.some((line) => line.includes('listening'))).toBe(false)
    app.child.kill('SIGTERM')
    await app.ended
  })
})
