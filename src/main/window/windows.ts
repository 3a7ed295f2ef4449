import type { BrowserWindow } from 'electron'
import type { BridgeEventName } from '#shared/bridge/events.ts'
import { openAppWindow, type AppWindowOptions, type WindowBounds } from './app-window.ts'
import { sendFact } from './ipc.ts'

/** The one window of a profile: opened, shown again, told facts. */
export class AppWindows {
  readonly #options: () => AppWindowOptions
  #window: BrowserWindow | null = null
  #bounds: WindowBounds | null = null
  onFocusChange: (focused: boolean) => void = () => undefined

  constructor(options: () => AppWindowOptions) {
    this.#options = options
  }

  /** Brings the window to the front, opening it when there is none. */
  show(): void {
    const window = this.#window
    if (window === null) {
      this.#open()
      return
    }
    if (window.isMinimized()) window.restore()
    window.show()
    window.focus()
  }

  isFocused(): boolean {
    return this.#window?.isFocused() ?? false
  }

  /** Facts for nobody are dropped: a new window fetches everything. */
  send(event: BridgeEventName, payload: unknown): void {
    if (this.#window !== null) sendFact(this.#window, event, payload)
  }

  /** Loads the page anew: nothing of what it showed is kept. Resolves when the old page is gone. */
  async renew(): Promise<void> {
    const contents = this.#window?.webContents
    if (contents === undefined) return
    const gone = new Promise<void>((resolve) => {
      contents.once('dom-ready', () => resolve())
      contents.once('destroyed', () => resolve())
    })
    contents.reload()
    await gone
  }

  close(): void {
    this.#window?.destroy()
  }

  #open(): void {
    const options = this.#options()
    const window = openAppWindow(this.#bounds === null ? options : { ...options, bounds: this.#bounds })
    this.#window = window
    window.on('focus', () => this.onFocusChange(true))
    window.on('blur', () => this.onFocusChange(false))
    window.on('close', () => {
      this.#bounds = window.getBounds()
    })
    window.on('closed', () => {
      this.#window = null
      this.onFocusChange(false)
    })
  }
}
