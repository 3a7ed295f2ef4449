/** A session bus and a system bus of a test's own, with a stand-in for logind on the latter. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { DbusConnection } from '#chromium-host/dbus/connection.ts'
import type { ExportedObject } from '#chromium-host/dbus/connection.ts'

const run = promisify(execFile)
const login = 'org.freedesktop.login1'
const manager = { path: '/org/freedesktop/login1', interface: `${login}.Manager` } as const
const screenSaver = { path: '/org/gnome/ScreenSaver', interface: 'org.gnome.ScreenSaver' } as const
const ownSession = 'c7'
const sessionPath = (id: string): string => `/org/freedesktop/login1/session/${id}`
const replaceExisting = 2
const bus = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
} as const

/** Commands the buses need. */
export const busNeeds = ['dbus-daemon', 'dbus-send'] as const

export class DesktopBuses {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'sotto-buses-'))
  readonly #daemons: ChildProcess[] = []
  readonly #connections: DbusConnection[] = []

  /** What makes a program use these buses. */
  get environment(): Record<string, string> {
    return { DBUS_SESSION_BUS_ADDRESS: this.#address('session'), DBUS_SYSTEM_BUS_ADDRESS: this.#address('system') }
  }

  async start(): Promise<void> {
    for (const name of ['session', 'system']) {
      const args = ['--session', '--nofork', '--nopidfile', '--print-address', `--address=${this.#address(name)}`]
      const daemon = spawn('dbus-daemon', args, { stdio: ['ignore', 'pipe', 'ignore'] })
      this.#daemons.push(daemon)
      // It prints its address once it listens.
      await once(daemon.stdout, 'data')
      this.#connections.push(await DbusConnection.connect(this.#address(name)))
    }
    for (const [path, object] of Object.entries(logind)) this.#system.exportObject(path, object)
    await this.#system.call({ ...bus, member: 'RequestName', signature: 'su', body: [login, replaceExisting] })
  }

  /** logind says that the machine goes to sleep, or that it is awake again. */
  sleep(sleeping: boolean): void {
    this.#system.emitSignal({ ...manager, member: 'PrepareForSleep', signature: 'b', body: [sleeping] })
  }

  /** logind asks a session to lock itself: this person's, or another's. */
  lockSession(whose: 'own' | 'other'): void {
    const id = whose === 'own' ? ownSession : 'c8'
    this.#system.emitSignal({ path: sessionPath(id), interface: `${login}.Session`, member: 'Lock' })
  }

  /** The screen saver says that it came up, or went. */
  lockScreen(locked: boolean): void {
    this.#session.emitSignal({ ...screenSaver, member: 'ActiveChanged', signature: 'b', body: [locked] })
  }

  /** Somebody who is not logind says that the machine goes to sleep, over the same bus: to all, and to each by name. */
  async pretendSleep(): Promise<void> {
    const [names] = await this.#system.call({ ...bus, member: 'ListNames' })
    const each = (names as readonly string[]).filter((name) => name.startsWith(':')).map((name) => `--dest=${name}`)
    const what = [manager.path, `${manager.interface}.PrepareForSleep`, 'boolean:true']
    for (const to of [[], ...each.map((name) => [name])])
      await run('dbus-send', [`--bus=${this.#address('system')}`, '--type=signal', ...to, ...what])
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.close()
    const running = this.#daemons.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
    const gone = running.map((daemon) => once(daemon, 'exit'))
    for (const daemon of running) daemon.kill()
    await Promise.all(gone)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #address(name: string): string {
    return `unix:path=${path.join(this.#folder, name)}`
  }

  get #session(): DbusConnection {
    return this.#connection(0)
  }

  get #system(): DbusConnection {
    return this.#connection(1)
  }

  #connection(index: number): DbusConnection {
    const connection = this.#connections[index]
    if (connection === undefined) throw new Error('the buses do not run')
    return connection
  }
}

/** What the program asks logind for: which session is its own. */
const logind: Readonly<Record<string, ExportedObject>> = {
  [sessionPath('auto')]: ({ member }) =>
    member === 'Get' ? { signature: 'v', body: [{ signature: 's', value: ownSession }] } : null,
  [manager.path]: ({ member, body: [id] }) =>
    member === 'GetSession' && id === ownSession ? { signature: 'o', body: [sessionPath(ownSession)] } : null,
}
