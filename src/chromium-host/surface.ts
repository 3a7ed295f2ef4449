/**
 * Compile-time only: what this host offers has the shapes of electron.d.ts. Members that hand out or take other Electron
 * classes (which are larger than ours) and overloaded event methods are compared by the rest of their type only.
 */
import type * as Electron from 'electron'
import type * as host from './electron.ts'

/** Both signatures of a member, with each other's classes ignored: arguments must fit and results must be what is promised. */
type Same<Ours, Theirs, K extends keyof Theirs & keyof Ours> = Pick<Ours, K> extends Pick<Theirs, K> ? true : K

/** Fails to compile, naming the members, if the argument is not `true`. */
export type Check<T extends true> = T

export type AppFits = Check<
  Same<
    typeof host.app,
    Electron.App,
    | 'whenReady'
    | 'isReady'
    | 'getPath'
    | 'setPath'
    | 'getName'
    | 'setName'
    | 'getVersion'
    | 'getAppPath'
    | 'getLocale'
    | 'quit'
    | 'exit'
    | 'focus'
    | 'isPackaged'
    | 'requestSingleInstanceLock'
    | 'hasSingleInstanceLock'
    | 'releaseSingleInstanceLock'
    | 'setBadgeCount'
    | 'setAppUserModelId'
    | 'enableSandbox'
    | 'disableHardwareAcceleration'
  >
>
export type CommandLineFits = Check<
  Same<(typeof host.app)['commandLine'], Electron.CommandLine, 'appendSwitch' | 'hasSwitch' | 'getSwitchValue'>
>
export type WindowFits = Check<
  Same<
    host.BrowserWindow,
    Electron.BrowserWindow,
    | 'id'
    | 'loadURL'
    | 'loadFile'
    | 'show'
    | 'hide'
    | 'focus'
    | 'blur'
    | 'close'
    | 'destroy'
    | 'isDestroyed'
    | 'isVisible'
    | 'isFocused'
    | 'isMinimized'
    | 'isMaximized'
    | 'minimize'
    | 'maximize'
    | 'unmaximize'
    | 'restore'
    | 'getBounds'
    | 'getNormalBounds'
    | 'setBounds'
    | 'setTitle'
    | 'getTitle'
    | 'setMenu'
    | 'removeMenu'
    | 'setMenuBarVisibility'
  >
>
export type ContentsFit = Check<
  Same<
    host.webContents,
    Electron.WebContents,
    | 'id'
    | 'send'
    | 'getURL'
    | 'isDestroyed'
    | 'isLoading'
    | 'executeJavaScript'
    | 'loadURL'
    | 'reload'
    | 'focus'
    | 'close'
  >
>
export type SafeStorageFits = Check<
  Same<
    typeof host.safeStorage,
    Electron.SafeStorage,
    | 'isEncryptionAvailable'
    | 'isAsyncEncryptionAvailable'
    | 'getSelectedStorageBackend'
    | 'encryptString'
    | 'decryptString'
    | 'encryptStringAsync'
    | 'decryptStringAsync'
    | 'setUsePlainTextEncryption'
  >
>
export type ProtocolFits = Check<
  Same<
    typeof host.protocol,
    Electron.Protocol,
    'registerSchemesAsPrivileged' | 'handle' | 'unhandle' | 'isProtocolHandled'
  >
>
export type SessionFits = Check<
  Same<(typeof host.session)['defaultSession'], Electron.Session, 'clearCache' | 'clearStorageData'>
>
export type ThemeFits = Check<
  Same<typeof host.nativeTheme, Electron.NativeTheme, 'themeSource' | 'shouldUseDarkColors'>
>
export type NetFits = Check<Same<typeof host.net, Electron.Net, 'isOnline' | 'online'>>
export type ShellFits = Check<Same<typeof host.shell, Electron.Shell, 'openExternal' | 'showItemInFolder'>>
export type ClipboardFits = Check<Same<typeof host.clipboard, Electron.Clipboard, 'writeText' | 'readText'>>
export type NotificationFits = Check<
  Same<host.Notification, Electron.Notification, 'title' | 'body' | 'silent' | 'show' | 'close'>
>
export type TrayFits = Check<Same<host.Tray, Electron.Tray, 'setImage' | 'setToolTip' | 'destroy' | 'isDestroyed'>>
export type ImageFits = Check<
  Same<
    Awaited<ReturnType<host.webContents['capturePage']>>,
    Electron.NativeImage,
    'isEmpty' | 'toPNG' | 'toDataURL' | 'getSize'
  >
>

/** Every name the host exports is one of Electron's. */
export type NamesFit = Check<keyof typeof host extends keyof typeof Electron ? true : false>
