import { EventEmitter } from 'node:events'
import type { Menu } from './menu.ts'

/** `electron.Tray`. */
export class Tray extends EventEmitter {
  #destroyed = false

  setToolTip(_text: string): void {
    return
  }

  setTitle(_text: string): void {
    return
  }

  setImage(_image: unknown): void {
    return
  }

  setContextMenu(_menu: Menu | null): void {
    return
  }

  destroy(): void {
    this.#destroyed = true
  }

  isDestroyed(): boolean {
    return this.#destroyed
  }
}
