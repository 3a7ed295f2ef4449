import type { BrowserWindow } from './browser-window.ts'

/** The open windows of this process, and who wants to know about them. */
class WindowRegistry {
  readonly #windows: BrowserWindow[] = []
  onAdded: (window: BrowserWindow) => void = () => undefined
  /** Called after a window has gone. */
  onRemoved: () => void = () => undefined
  /** Somebody used one of the windows. */
  onInput: () => void = () => undefined
  onFocusChanged: (window: BrowserWindow, change: 'focus' | 'blur') => void = () => undefined

  all(): BrowserWindow[] {
    return [...this.#windows]
  }

  add(window: BrowserWindow): void {
    this.#windows.push(window)
    this.onAdded(window)
  }

  remove(window: BrowserWindow): void {
    const index = this.#windows.indexOf(window)
    if (index >= 0) this.#windows.splice(index, 1)
  }
}

export const windowRegistry = new WindowRegistry()
