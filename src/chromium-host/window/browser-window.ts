import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { WindowPlace } from '../cdp/protocol.ts'
import { engine } from '../engine.ts'
import type { UpFrame } from '../inject/ipc-renderer.ts'
import { preventable } from '../preventable.ts'
import { nativeTheme } from '../platform/native-theme.ts'
import { defaultSession } from '../session.ts'
import { serveFiles } from './file-scheme.ts'
import { isWellFormed } from './ipc-main.ts'
import { PageSession } from './page-session.ts'
import { toPageUrl } from './page-url.ts'
import { WebContents } from './web-contents.ts'
import { windowRegistry } from './window-registry.ts'

export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface WindowOptions {
  readonly width?: number
  readonly height?: number
  readonly x?: number
  readonly y?: number
  readonly show?: boolean
  readonly title?: string
  readonly backgroundColor?: string
  readonly webPreferences?: {
    readonly preload?: string
    readonly contextIsolation?: boolean
    readonly sandbox?: boolean
  }
}

type WindowState = 'normal' | 'minimized' | 'maximized' | 'fullscreen'

function checkPreferences({ webPreferences }: WindowOptions): void {
  const { contextIsolation = true, sandbox = true } = webPreferences ?? {}
  // Electron would obey; this host has no such mode and must not pretend.
  if (!contextIsolation || !sandbox) throw new Error('This host always isolates and sandboxes the page.')
}

interface Placed {
  readonly bounds: Rectangle
  readonly state: WindowState
}

function boundsOf({ left, top, width, height }: WindowPlace, before: Rectangle): Rectangle {
  return { x: left ?? before.x, y: top ?? before.y, width: width ?? before.width, height: height ?? before.height }
}

/** The window events that tell how `after` differs. */
function changesBetween(before: Placed, after: Placed): string[] {
  const changes: string[] = []
  const [was, is] = [before.bounds, after.bounds]
  if (is.width !== was.width || is.height !== was.height) changes.push('resize')
  if (is.x !== was.x || is.y !== was.y) changes.push('move')
  if (before.state === after.state) return changes
  if (after.state === 'minimized') changes.push('minimize')
  if (before.state === 'minimized') changes.push('restore')
  return changes
}

let lastId = 0

/** `electron.BrowserWindow` on a Chromium app window. */
export class BrowserWindow extends EventEmitter {
  readonly id = ++lastId
  readonly webContents: WebContents
  /** Host only: the page once its window is open; never settles if it is destroyed before. */
  readonly attached: Promise<PageSession>
  readonly #options: WindowOptions
  #page: PageSession | null = null
  #windowId: number | null = null
  #bounds: Rectangle
  #state: WindowState = 'normal'
  #title: string
  #destroyed = false
  #focused = false
  #painted = false

  constructor(options: WindowOptions = {}) {
    super()
    checkPreferences(options)
    this.#options = options
    this.#title = options.title ?? engine.appName
    const { x = 0, y = 0, width = 800, height = 600 } = options
    this.#bounds = { x, y, width, height }
    this.webContents = new WebContents(this)
    windowRegistry.add(this)
    this.attached = this.#open()
    this.attached.catch(() => this.#handleClosed())
  }

  static getAllWindows(): BrowserWindow[] {
    return windowRegistry.all()
  }

  static getFocusedWindow(): BrowserWindow | null {
    return windowRegistry.all().find((window) => window.#focused) ?? null
  }

  static fromWebContents(contents: WebContents | undefined): BrowserWindow | null {
    return contents?.owner ?? null
  }

  static fromId(id: number): BrowserWindow | null {
    return windowRegistry.all().find((window) => window.id === id) ?? null
  }

  async #open(): Promise<PageSession> {
    const { width, height } = this.#bounds
    const { x, y, backgroundColor = '#ffffff', webPreferences } = this.#options
    const nonce = randomBytes(16).toString('hex')
    const target = await engine.openWindow({ nonce, title: this.#title, backgroundColor, width, height, x, y })
    engine.onDetached(target.sessionId, () => this.#handleClosed())
    const page = new PageSession(target, {
      onFrame: (frame) => this.#handleFrame(frame),
      onPainted: () => this.#handlePainted(),
      onDomReady: () => this.webContents.emit('dom-ready', {}),
      onLoaded: () => this.webContents.emit('did-finish-load', {}),
      onCrashed: () => this.webContents.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 1 }),
      onCloseAsked: () => this.#askClose(),
      onWindowOpenAsked: (url) => this.webContents.handleWindowOpen(url),
      onNavigateAsked: (url) => this.webContents.askNavigate(url),
    })
    const { electron, chrome, node } = process.versions
    await page.prepare(webPreferences?.preload ?? null, { electron, chrome, node })
    if (this.#destroyed) page.connection.send('Target.closeTarget', { targetId: page.targetId }).catch(() => undefined)
    this.#page = page
    this.webContents.adopt(page)
    nativeTheme.applyTo(page)
    // A forwarded start ignores the size it was given.
    this.#place({ ...(x !== undefined && y !== undefined && { left: x, top: y }), width, height })
    return page
  }

  /** Host only: runs `action` in order of the calls, as soon as there is a page. */
  whenPage(action: (page: PageSession) => void): void {
    if (this.#page !== null) action(this.#page)
    else this.attached.then(action, () => undefined)
  }

  /** @throws Error if the address is not one of the app's own or cannot be opened. */
  async loadURL(url: string): Promise<void> {
    const pageUrl = toPageUrl(url)
    if (pageUrl === null) throw new Error(`ERR_UNKNOWN_URL_SCHEME (-302) loading '${url}'`)
    await defaultSession.decideFor(url)
    const page = await this.attached
    const loaded = new Promise<void>((resolve, reject) => {
      this.webContents.once('did-finish-load', () => resolve())
      this.webContents.once('destroyed', () => reject(new Error(`ERR_ABORTED (-3) loading '${url}'`)))
    })
    // Both ends may be told; only the first counts.
    loaded.catch(() => undefined)
    await page.navigate(pageUrl)
    await loaded
    // A mouse has a button that goes back: to the empty first page.
    page.tell('Page.resetNavigationHistory', {})
  }

  /** Serves the folder of `file` under an address of its own. */
  loadFile(file: string, options: { search?: string; hash?: string } = {}): Promise<void> {
    const absolute = path.resolve(file)
    serveFiles(path.dirname(absolute))
    const { pathname } = pathToFileURL(absolute)
    const search = options.search === undefined ? '' : `?${options.search.replace(/^\?/, '')}`
    const hash = options.hash === undefined ? '' : `#${options.hash.replace(/^#/, '')}`
    return this.loadURL(`file://local${pathname}${search}${hash}`)
  }

  #handleFrame(frame: UpFrame): void {
    if (!isWellFormed(frame)) return
    if (frame.k === 'i' || frame.k === 's') this.webContents.handleFrame(frame)
    else if (frame.k === 'w') this.#handleWindowEvent(frame.e)
  }

  #handleWindowEvent(name: 'focus' | 'blur' | 'resize' | 'input'): void {
    if (name === 'input') {
      windowRegistry.onInput()
      return
    }
    this.#refreshBounds()
    if (name === 'resize') return
    this.#focused = name === 'focus'
    this.emit(name)
    windowRegistry.onFocusChanged(this, name)
  }

  #handlePainted(): void {
    if (this.#painted) return
    this.#painted = true
    this.emit('ready-to-show')
  }

  #refreshBounds(): void {
    const page = this.#page
    if (page === null) return
    page.connection.send('Browser.getWindowForTarget', { targetId: page.targetId }).then(
      ({ windowId, bounds }) => this.#takeBounds(windowId, bounds),
      () => undefined,
    )
  }

  #takeBounds(windowId: number, place: WindowPlace): void {
    this.#windowId = windowId
    const { windowState = 'normal' } = place
    const [bounds, state] = [this.#bounds, this.#state]
    this.#state = windowState
    // A minimized or maximized window keeps the place it returns to.
    if (windowState === 'normal') this.#bounds = boundsOf(place, bounds)
    for (const name of changesBetween({ bounds, state }, { bounds: this.#bounds, state: windowState })) this.emit(name)
  }

  #place(bounds: WindowPlace): void {
    this.whenPage((page) => {
      const set = async (): Promise<void> => {
        this.#windowId ??= (
          await page.connection.send('Browser.getWindowForTarget', { targetId: page.targetId })
        ).windowId
        await page.connection.send('Browser.setWindowBounds', { windowId: this.#windowId, bounds })
        this.#refreshBounds()
      }
      set().catch(() => undefined)
    })
  }

  #setState(windowState: WindowState): void {
    this.#state = windowState
    this.#place({ windowState })
  }

  /** Whether the app lets the window go. */
  #askClose(): boolean {
    const event = preventable()
    this.emit('close', event)
    return !event.defaultPrevented
  }

  close(): void {
    if (!this.#destroyed && this.#askClose()) this.destroy()
  }

  destroy(): void {
    const page = this.#page
    if (page !== null && !this.#destroyed)
      page.connection.send('Target.closeTarget', { targetId: page.targetId }).catch(() => undefined)
    this.#handleClosed()
  }

  #handleClosed(): void {
    if (this.#destroyed) return
    this.#destroyed = true
    this.#focused = false
    windowRegistry.remove(this)
    this.emit('closed')
    this.webContents.retire()
    windowRegistry.onRemoved()
  }

  isDestroyed(): boolean {
    return this.#destroyed
  }

  /** A Chromium window cannot be made unseen: `show: false` and `hide()` minimize, which `show()` undoes. */
  show(): void {
    if (this.#state === 'minimized') this.#setState('normal')
    this.focus()
    this.emit('show')
  }

  hide(): void {
    this.#setState('minimized')
    this.emit('hide')
  }

  focus(): void {
    this.whenPage((page) => page.tell('Page.bringToFront', {}))
  }

  blur(): void {
    this.#setState('minimized')
  }

  minimize(): void {
    this.#setState('minimized')
  }

  maximize(): void {
    this.#setState('maximized')
  }

  unmaximize(): void {
    this.#setState('normal')
  }

  restore(): void {
    this.#setState('normal')
  }

  isVisible(): boolean {
    return !this.#destroyed && this.#state !== 'minimized'
  }

  isFocused(): boolean {
    return this.#focused
  }

  isMinimized(): boolean {
    return this.#state === 'minimized'
  }

  isMaximized(): boolean {
    return this.#state === 'maximized'
  }

  getBounds(): Rectangle {
    return { ...this.#bounds }
  }

  getNormalBounds(): Rectangle {
    return { ...this.#bounds }
  }

  setBounds({ x, y, width, height }: Partial<Rectangle>): void {
    const next = { ...this.#bounds, ...(x !== undefined && { x }), ...(y !== undefined && { y }) }
    this.#bounds = { ...next, ...(width !== undefined && { width }), ...(height !== undefined && { height }) }
    const { x: left, y: top, width: w, height: h } = this.#bounds
    this.#place({ left, top, width: w, height: h })
  }

  setTitle(title: string): void {
    this.#title = title
    this.whenPage((page) => {
      page.tell('Runtime.evaluate', { expression: `document.title=${JSON.stringify(title)}` })
    })
  }

  getTitle(): string {
    return this.#title
  }

  /** Chromium app windows have no menu bar. */
  setMenu(): void {
    return
  }

  removeMenu(): void {
    return
  }

  setMenuBarVisibility(): void {
    return
  }
}
