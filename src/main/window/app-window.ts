import path from 'node:path'
import { BrowserWindow, type WebContents } from 'electron'
import { appUrl } from './security.ts'

/** Size and place of the window, kept across starts. */
export interface WindowBounds {
  readonly width: number
  readonly height: number
  readonly x?: number
  readonly y?: number
}

export interface AppWindowOptions {
  readonly title: string
  readonly preload: string
  readonly icon: string
  readonly bounds: WindowBounds
  readonly dark: boolean
}

/** Nothing leads away from our page: no navigation, no new window, no embedded view. */
function lockContents(contents: WebContents): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  contents.on('will-navigate', (event) => event.preventDefault())
  contents.on('will-attach-webview', (event) => event.preventDefault())
}

/** Opens the one window of a profile; shown when its first paint is ready. */
export function openAppWindow(options: AppWindowOptions): BrowserWindow {
  const window = new BrowserWindow({
    ...options.bounds,
    minWidth: 360,
    minHeight: 480,
    show: false,
    title: options.title,
    icon: options.icon,
    autoHideMenuBar: true,
    backgroundColor: options.dark ? '#15171a' : '#ffffff',
    webPreferences: {
      preload: path.resolve(options.preload),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
      devTools: false,
    },
  })
  lockContents(window.webContents)
  window.once('ready-to-show', () => window.show())
  // A window that went while it loaded is opened again by whoever wants it.
  window.loadURL(appUrl).catch(() => undefined)
  return window
}
