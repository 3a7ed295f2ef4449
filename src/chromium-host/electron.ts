/**
 * The part of the `electron` module (main process) that the app uses, on the system's Chromium. `surface.ts` checks it
 * against electron.d.ts. The bare name `electron` resolves here when the app runs through `launch.ts`.
 */
import { app } from './app.ts'
import { SafeStorage, secretServiceKeyring } from './platform/safe-storage.ts'

export { app } from './app.ts'
export { protocol } from './protocol.ts'
export { session } from './session.ts'
export { clipboard } from './platform/clipboard.ts'
export { dialog } from './platform/dialog.ts'
export { Menu } from './platform/menu.ts'
export { nativeTheme } from './platform/native-theme.ts'
export { net } from './platform/net.ts'
export { Notification } from './platform/notification.ts'
export { powerMonitor } from './platform/power-monitor.ts'
export { screen } from './platform/screen.ts'
export { shell } from './platform/shell.ts'
export { Tray } from './platform/tray.ts'
export { BrowserWindow } from './window/browser-window.ts'
export { ipcMain } from './window/ipc-main.ts'
export { WebContents as webContents } from './window/web-contents.ts'

export const safeStorage = new SafeStorage(secretServiceKeyring(() => app.getName()))
