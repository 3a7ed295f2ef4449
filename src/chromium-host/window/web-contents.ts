import { EventEmitter } from 'node:events'
import type { UpFrame } from '../inject/ipc-renderer.ts'
import { type Preventable, preventable } from '../preventable.ts'
import { defaultSession } from '../session.ts'
import { type IpcEvent, ipcMain, type SenderFrame } from './ipc-main.ts'
import { HostImage } from './native-image.ts'
import type { PageSession } from './page-session.ts'
import { toAppUrl } from './page-url.ts'
import type { BrowserWindow } from './browser-window.ts'

type OpenHandler = (details: { url: string; frameName: string; features: string; disposition: string }) => {
  action: 'deny' | 'allow'
}

export interface NavigateEvent extends Preventable {
  readonly url: string
  readonly isMainFrame: true
}

const byId = new Map<number, WebContents>()
let lastId = 0

/** `electron.WebContents`: the page of one window. */
export class WebContents extends EventEmitter {
  readonly id = ++lastId
  readonly session = defaultSession
  readonly #owner: BrowserWindow
  #page: PageSession | null = null
  #openHandler: OpenHandler | null = null
  #destroyed = false

  constructor(owner: BrowserWindow) {
    super()
    this.#owner = owner
    byId.set(this.id, this)
  }

  static fromId(id: number): WebContents | undefined {
    return byId.get(id)
  }

  static getAllWebContents(): WebContents[] {
    return [...byId.values()]
  }

  static fromDevToolsTargetId(targetId: string): WebContents | undefined {
    return [...byId.values()].find((contents) => contents.#page?.targetId === targetId)
  }

  /** Host only. */
  get owner(): BrowserWindow {
    return this.#owner
  }

  /** Host only. */
  get page(): PageSession | null {
    return this.#page
  }

  /** Host only: the window has its target now. */
  adopt(page: PageSession): void {
    this.#page = page
  }

  /** Host only: the target is gone. */
  retire(): void {
    this.#destroyed = true
    byId.delete(this.id)
    this.emit('destroyed')
  }

  get mainFrame(): SenderFrame {
    const url = this.getURL()
    const origin = url === '' ? 'null' : url.split('/').slice(0, 3).join('/')
    const frame = { url, origin, parent: null, routingId: 1, processId: this.id }
    return Object.defineProperty(frame, 'top', { value: frame }) as unknown as SenderFrame
  }

  getURL(): string {
    return this.#page?.url ?? ''
  }

  isDestroyed(): boolean {
    return this.#destroyed
  }

  isLoading(): boolean {
    return this.#page === null || this.#page.url === ''
  }

  send(channel: string, ...args: unknown[]): void {
    if (this.#destroyed) throw new TypeError('Object has been destroyed')
    this.#owner.whenPage((page) => page.transmit({ k: 'm', ch: channel, a: args }))
  }

  setWindowOpenHandler(handler: OpenHandler): void {
    this.#openHandler = handler
  }

  /** Runs `code` in the page's own world. @throws Error with what the page threw. */
  async executeJavaScript(code: string, userGesture = false): Promise<unknown> {
    const page = await this.#owner.attached
    const { result, exceptionDetails } = await page.send('Runtime.evaluate', {
      expression: code,
      awaitPromise: true,
      returnByValue: true,
      userGesture,
    })
    if (exceptionDetails === undefined) return result.value
    throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
  }

  async capturePage(): Promise<HostImage> {
    const page = await this.#owner.attached
    const { data } = await page.send('Page.captureScreenshot', { format: 'png' })
    return new HostImage(Buffer.from(data, 'base64'))
  }

  loadURL(url: string): Promise<void> {
    return this.#owner.loadURL(url)
  }

  reload(): void {
    this.#page?.reload()
  }

  focus(): void {
    this.#owner.focus()
  }

  close(): void {
    this.#owner.destroy()
  }

  /** Host only: a message of the preload. */
  handleFrame(frame: UpFrame & { k: 'i' | 's' }): void {
    const page = this.#page
    // Whoever left our origin has no voice, whatever world it speaks from.
    if (page === null || page.url === '') return
    const senderFrame = this.mainFrame
    const event: IpcEvent = {
      type: 'frame',
      sender: this,
      senderFrame,
      processId: senderFrame.processId,
      frameId: senderFrame.routingId,
      ports: [],
      reply: (channel, ...args) => this.send(channel, ...args),
    }
    ipcMain.receive(event, frame, (ok, value) => {
      if (frame.k === 'i') this.#answer(page, frame.id, ok, value)
    })
  }

  #answer(page: PageSession, id: number, ok: boolean, value: unknown): void {
    try {
      page.transmit({ k: 'r', id, ok, v: value })
    } catch (error) {
      page.transmit({ k: 'r', id, ok: false, v: error })
    }
  }

  /** Host only: window.open and links to new windows; none is ever opened here. */
  handleWindowOpen(pageUrl: string): void {
    const url = toAppUrl(pageUrl) ?? pageUrl
    this.#openHandler?.({ url, frameName: '', features: '', disposition: 'new-window' })
  }

  /** Host only: the page wants to go to `url`. */
  askNavigate(url: string): boolean {
    const event: NavigateEvent = Object.assign(preventable(), { url, isMainFrame: true as const })
    this.emit('will-navigate', event, url)
    return !event.defaultPrevented
  }
}
