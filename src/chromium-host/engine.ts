import { rmSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { type BrowserCommand, type BrowserProcess, spawnBrowser, spawnForwarder } from './chromium/browser-process.ts'
import { findChromium } from './chromium/discover.ts'
import { createProfile, profileRoot, removeProfile, removeStaleProfiles } from './chromium/profile.ts'
import { chromiumSwitches } from './chromium/switches.ts'
import type { CdpConnection } from './cdp/connection.ts'
import type { CdpEvent, TargetDescription } from './cdp/protocol.ts'
import { publishFacts } from './facts.ts'
import type { HostOptions } from './host-options.ts'

export interface WindowRequest {
  /** Found in the first address of the window, so that it is told from a foreign one. */
  readonly nonce: string
  readonly title: string
  readonly backgroundColor: string
  readonly width: number
  readonly height: number
  readonly x?: number | undefined
  readonly y?: number | undefined
}

export interface AttachedTarget {
  readonly connection: CdpConnection
  readonly sessionId: string
  readonly targetId: string
}

interface Expected {
  readonly nonce: string
  readonly resolve: (target: AttachedTarget) => void
  readonly reject: (error: Error) => void
}

const openTimeoutMs = 20_000
/** How long the last words of an ending Chromium may take. */
const endGraceMs = 1000

function markerUrl(request: WindowRequest): string {
  const title = request.title.replace(/[<&>]/g, '')
  const color = /^#[0-9a-fA-F]{3,8}$/.test(request.backgroundColor) ? request.backgroundColor : '#ffffff'
  const page = `<title>${title}</title><body style="background:${color}"><!--${request.nonce}-->`
  return `data:text/html;charset=utf-8,${encodeURIComponent(page)}`
}

/** The one Chromium of this process: started on demand, restarted after it died, ended with us. */
export class Engine {
  readonly #expected: Expected[] = []
  readonly #detachHandlers = new Map<string, () => void>()
  readonly extraSwitches: string[] = []
  appName = 'app'
  options: HostOptions = { test: false, headless: false, debuggingPort: null, userDataDir: null, fakeMedia: [] }
  /** Called when Chromium ended without being told to. */
  onDied: () => void = () => undefined
  #starting: Promise<BrowserProcess> | null = null
  #running: BrowserProcess | null = null
  #command: BrowserCommand = { binary: '', switches: [], profile: '' }
  #profile: string | null = null
  #stopping = false
  #setUp: ((connection: CdpConnection) => Promise<void>)[] = []

  get connection(): CdpConnection | null {
    return this.#running?.connection ?? null
  }

  /** Runs for every Chromium that starts, before its first window. */
  onStart(setUp: (connection: CdpConnection) => Promise<void>): void {
    this.#setUp.push(setUp)
  }

  /** @throws Error if there is no Chromium or it does not answer. */
  start(): Promise<BrowserProcess> {
    this.#starting ??= this.#launch().catch((error: unknown) => {
      this.#starting = null
      throw error
    })
    return this.#starting
  }

  async #launch(): Promise<BrowserProcess> {
    const binary = findChromium()
    if (binary === null) throw new Error('No Chromium found. Install it or set SOTTO_CHROMIUM to its path.')
    const root = profileRoot()
    removeStaleProfiles(root)
    const profile = createProfile(root)
    this.#profile = profile
    const noSandbox = process.getuid?.() === 0
    const switches = chromiumSwitches({
      profile,
      appName: this.appName,
      extra: [...this.extraSwitches, ...this.options.fakeMedia],
      headless: this.options.headless,
      noSandbox,
      debuggingPort: this.options.debuggingPort,
    })
    this.#command = { binary, switches, profile }
    const browser = spawnBrowser(this.#command)
    void browser.ended.then(() => this.#ended(browser))
    browser.connection.listen('', (event) => this.#handleEvent(browser.connection, event))
    await this.#prepare(browser.connection, noSandbox).catch(async () => {
      await Promise.race([browser.ended, setTimeout(endGraceMs)])
      throw new Error(`Chromium ended while it started. ${browser.lastError()}`)
    })
    this.#running = browser
    return browser
  }

  async #prepare(connection: CdpConnection, noSandbox: boolean): Promise<void> {
    const { product } = await connection.send('Browser.getVersion', {})
    const version = product.slice(product.indexOf('/') + 1)
    Object.defineProperty(process.versions, 'chrome', { value: version, configurable: true, enumerable: true })
    publishFacts({ sandboxed: !noSandbox, headless: this.options.headless, chromium: version })
    await Promise.all([
      connection.send('Target.setAutoAttach', {
        autoAttach: true,
        waitForDebuggerOnStart: true,
        flatten: true,
        filter: [{ type: 'page' }, { exclude: true }],
      }),
      connection.send('Browser.setDownloadBehavior', { behavior: 'deny' }).catch(() => undefined),
      ...this.#setUp.map((setUp) => setUp(connection)),
    ])
  }

  /** Opens a window and returns its paused target. */
  async openWindow(request: WindowRequest): Promise<AttachedTarget> {
    const { connection } = await this.start()
    const attached = new Promise<AttachedTarget>((resolve, reject) => {
      const expected = { nonce: request.nonce, resolve, reject }
      this.#expected.push(expected)
      void setTimeout(openTimeoutMs, undefined, { ref: false }).then(() => {
        this.#forget(expected)
        reject(new Error('Chromium did not open the window in time.'))
      })
    })
    const url = markerUrl(request)
    const { width, height, x, y } = request
    if (this.options.headless) {
      await connection.send('Target.createTarget', { url, newWindow: true, width, height })
    } else {
      const place = x === undefined || y === undefined ? [] : [`--window-position=${x},${y}`]
      spawnForwarder(this.#command, [`--app=${url}`, `--window-size=${width},${height}`, ...place])
    }
    return attached
  }

  /** Calls `handler` once when the session's target is gone. */
  onDetached(sessionId: string, handler: () => void): void {
    this.#detachHandlers.set(sessionId, handler)
  }

  #handleEvent(connection: CdpConnection, event: CdpEvent): void {
    if (event.method === 'Target.attachedToTarget')
      this.#handleAttached(connection, event.params.sessionId, event.params.targetInfo)
    if (event.method === 'Target.detachedFromTarget') {
      const handler = this.#detachHandlers.get(event.params.sessionId)
      this.#detachHandlers.delete(event.params.sessionId)
      handler?.()
    }
  }

  #handleAttached(connection: CdpConnection, sessionId: string, target: TargetDescription): void {
    const { targetId, url, openerId } = target
    const expected = openerId === undefined ? this.#expected.find(({ nonce }) => url.includes(nonce)) : undefined
    if (expected !== undefined) {
      this.#forget(expected)
      expected.resolve({ connection, sessionId, targetId })
      return
    }
    this.#closeForeign(connection, sessionId, targetId)
  }

  /** A window nobody asked us for: window.open, a key, a forwarded start. It loads nothing and goes. */
  #closeForeign(connection: CdpConnection, sessionId: string, targetId: string): void {
    const ignore = (): void => undefined
    connection.send('Fetch.enable', { patterns: [{ urlPattern: '*' }] }, sessionId).catch(ignore)
    // Paused, it would also hold the page that opened it: they share a process.
    connection.send('Runtime.runIfWaitingForDebugger', {}, sessionId).catch(ignore)
    connection.send('Target.closeTarget', { targetId }).catch(ignore)
  }

  #forget(expected: Expected): void {
    const index = this.#expected.indexOf(expected)
    if (index >= 0) this.#expected.splice(index, 1)
  }

  #ended(browser: BrowserProcess): void {
    if (this.#running === browser) this.#running = null
    this.#starting = null
    for (const { reject } of this.#expected.splice(0)) reject(new Error('Chromium ended.'))
    this.#dropProfile()
    const handlers = [...this.#detachHandlers.values()]
    this.#detachHandlers.clear()
    if (!this.#stopping) this.onDied()
    for (const handler of handlers) handler()
  }

  #dropProfile(): void {
    if (this.#profile === null) return
    removeProfile(this.#profile)
    this.#profile = null
  }

  /** Ends Chromium and removes its profile; kills it if it does not go within `graceMs`. */
  async stop(graceMs = 3000): Promise<void> {
    this.#stopping = true
    const browser = await this.#starting?.catch(() => null)
    if (browser === null || browser === undefined) return
    browser.connection.send('Browser.close', {}).catch(() => undefined)
    await Promise.race([browser.ended, setTimeout(graceMs)])
    browser.child.kill('SIGKILL')
    await browser.ended
    this.#dropProfile()
  }

  /** For the `exit` event: no time left to ask. */
  stopNow(): void {
    this.#running?.child.kill('SIGKILL')
    if (this.#profile !== null) rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
  }
}

export const engine = new Engine()
