import { Menu, Tray } from 'electron'
import type { MainStrings } from './strings.ts'

/** An icon where the desktop has a place for it: shows the window, locks, quits. */
export class AppTray {
  readonly #tray: Tray

  constructor(ports: {
    readonly icon: string
    readonly strings: MainStrings
    readonly show: () => void
    readonly lock: () => void
    readonly quit: () => void
  }) {
    this.#tray = new Tray(ports.icon)
    this.#tray.setToolTip('Sotto')
    this.#tray.setContextMenu(
      Menu.buildFromTemplate([
        { label: ports.strings.show, click: () => ports.show() },
        { label: ports.strings.lock, click: () => ports.lock() },
        { label: ports.strings.quit, click: () => ports.quit() },
      ]),
    )
    this.#tray.on('click', () => ports.show())
  }

  destroy(): void {
    this.#tray.destroy()
  }
}
