import { EventEmitter } from 'node:events'
import os from 'node:os'
import path from 'node:path'
import { engine } from './engine.ts'
import { type Preventable, preventable } from './preventable.ts'
import { SingleInstanceLock } from './single-instance.ts'
import { windowRegistry } from './window/window-registry.ts'

type Phase = 'starting' | 'ready' | 'quitting' | 'gone'

function configHome(): string {
  const home = os.homedir()
  if (process.platform === 'darwin') return path.join(home, 'Library', 'Application Support')
  if (process.platform === 'win32') return process.env.APPDATA ?? path.join(home, 'AppData', 'Roaming')
  const configured = process.env.XDG_CONFIG_HOME
  return configured !== undefined && path.isAbsolute(configured) ? configured : path.join(home, '.config')
}

const homeFolders: Readonly<Record<string, string>> = {
  desktop: 'Desktop',
  documents: 'Documents',
  downloads: 'Downloads',
  music: 'Music',
  pictures: 'Pictures',
  videos: 'Videos',
}

class CommandLine {
  appendSwitch(name: string, value?: string): void {
    engine.extraSwitches.push(value === undefined ? `--${name}` : `--${name}=${value}`)
  }

  hasSwitch(name: string): boolean {
    return this.#find(name) !== undefined
  }

  getSwitchValue(name: string): string {
    const found = this.#find(name)
    return found === undefined ? '' : found.slice(name.length + 3)
  }

  #find(name: string): string | undefined {
    const own = [...engine.extraSwitches, ...process.argv.slice(1)]
    return own.find((text) => text === `--${name}` || text.startsWith(`--${name}=`))
  }
}

/** `electron.app`. */
class App extends EventEmitter {
  readonly commandLine = new CommandLine()
  readonly isPackaged = false
  readonly #paths = new Map<string, string>()
  readonly #ready = Promise.withResolvers<void>()
  readonly #lock = new SingleInstanceLock(({ argv, cwd, additionalData }) => {
    this.emit('second-instance', {}, argv, cwd, additionalData)
  })
  #phase: Phase = 'starting'
  #name = 'app'
  #version = '0.0.0'
  #appPath = process.cwd()
  /** Host only: called once when someone asks for `whenReady`. */
  onReadyWanted: () => void = () => undefined

  constructor() {
    super()
    windowRegistry.onAdded = (window) => {
      this.emit('browser-window-created', {}, window)
      this.emit('web-contents-created', {}, window.webContents)
    }
    windowRegistry.onRemoved = () => this.#handleWindowGone()
    windowRegistry.onFocusChanged = (window, change) => this.emit(`browser-window-${change}`, {}, window)
    engine.onDied = () => this.emit('child-process-gone', {}, { type: 'Browser', reason: 'crashed', exitCode: 1 })
  }

  /** Host only. */
  describe(facts: { name: string; version: string; appPath: string }): void {
    this.setName(facts.name)
    this.#version = facts.version
    this.#appPath = facts.appPath
  }

  /** Host only: the app's main has been loaded. */
  becomeReady(): void {
    if (this.#phase !== 'starting') return
    this.#phase = 'ready'
    this.#ready.resolve()
    this.emit('ready', {}, {})
  }

  whenReady(): Promise<void> {
    this.onReadyWanted()
    return this.#ready.promise
  }

  isReady(): boolean {
    return this.#phase !== 'starting'
  }

  getName(): string {
    return this.#name
  }

  setName(name: string): void {
    this.#name = name
    engine.appName = name
  }

  get name(): string {
    return this.#name
  }

  set name(name: string) {
    this.setName(name)
  }

  getVersion(): string {
    return this.#version
  }

  getAppPath(): string {
    return this.#appPath
  }

  getLocale(): string {
    return new Intl.DateTimeFormat().resolvedOptions().locale
  }

  /** @throws Error for a name this host does not know. */
  getPath(name: string): string {
    const set = this.#paths.get(name)
    if (set !== undefined) return set
    const folder = homeFolders[name]
    if (folder !== undefined) return path.join(os.homedir(), folder)
    switch (name) {
      case 'home':
        return os.homedir()
      case 'appData':
        return configHome()
      case 'userData':
        return path.join(configHome(), this.#name)
      case 'sessionData':
        return this.getPath('userData')
      case 'logs':
        return path.join(this.getPath('userData'), 'logs')
      case 'temp':
        return os.tmpdir()
      case 'exe':
        return process.execPath
      default:
        throw new Error(`Failed to get '${name}' path`)
    }
  }

  setPath(name: string, folder: string): void {
    if (!path.isAbsolute(folder)) throw new Error('Path must be absolute')
    this.#paths.set(name, folder)
  }

  requestSingleInstanceLock(additionalData?: Record<string, unknown>): boolean {
    return this.#lock.acquire(this.getPath('userData'), additionalData ?? {})
  }

  hasSingleInstanceLock(): boolean {
    return this.#lock.held
  }

  releaseSingleInstanceLock(): void {
    this.#lock.release()
  }

  focus(): void {
    windowRegistry.all()[0]?.focus()
  }

  /** Always on here. */
  enableSandbox(): void {
    return
  }

  setAppUserModelId(): void {
    return
  }

  /** There is no badge on this host. */
  setBadgeCount(): boolean {
    return false
  }

  disableHardwareAcceleration(): void {
    engine.extraSwitches.push('--disable-gpu')
  }

  /** Asks every window and listener, then ends; any of them may veto. */
  quit(): void {
    if (this.#phase === 'quitting' || this.#phase === 'gone') return
    if (!this.#ask('before-quit')) return
    const before = this.#phase
    this.#phase = 'quitting'
    for (const window of windowRegistry.all()) {
      window.close()
      if (window.isDestroyed()) continue
      this.#phase = before
      return
    }
    this.#finishQuit(before)
  }

  /** Ends without asking. */
  exit(exitCode = 0): void {
    if (this.#phase === 'gone') return
    this.#phase = 'gone'
    for (const window of windowRegistry.all()) window.destroy()
    this.emit('quit', {}, exitCode)
    this.#lock.release()
    void engine.stop().finally(() => process.exit(exitCode))
  }

  #ask(name: 'before-quit' | 'will-quit'): boolean {
    const event: Preventable = preventable()
    this.emit(name, event)
    return !event.defaultPrevented
  }

  #finishQuit(before: Phase): void {
    if (this.#phase === 'gone') return
    if (this.#ask('will-quit')) this.exit(0)
    else this.#phase = before
  }

  #handleWindowGone(): void {
    if (windowRegistry.all().length > 0 || this.#phase !== 'ready') return
    if (this.listenerCount('window-all-closed') === 0) this.quit()
    else this.emit('window-all-closed')
  }
}

export const app = new App()
