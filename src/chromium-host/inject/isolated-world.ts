/** Runs the app's preload in a world of its own; its source text is what is injected. */
import { makeCrossing, takeIntrinsics } from './crossing.ts'
import { makeIpcRenderer } from './ipc-renderer.ts'
import { linkOver } from './main-world.ts'
import { guardBrowserActions } from './shortcuts.ts'

export interface IsolatedConfig {
  /** Event name that joins the two worlds, unguessable. */
  readonly handshake: string
  /** Name of the binding to main in this world, unguessable. */
  readonly binding: string
  /** Name under which main finds our receiver in this world. */
  readonly receiver: string
  readonly platform: string
  readonly arch: string
  readonly versions: Readonly<Record<string, string>>
}

type PreloadModule = (
  require: (name: string) => object,
  module: { exports: object },
  exports: object,
  process: object,
) => void

/** Keeps the close veto possible: a page's own navigation is told apart from a closing window. */
export function guardClosing(): void {
  let navigating = false
  const { navigation } = globalThis as unknown as { navigation?: EventTarget }
  navigation?.addEventListener('navigate', () => {
    navigating = true
    setTimeout(() => (navigating = false))
  })
  addEventListener('beforeunload', (event) => {
    if (!navigating) event.preventDefault()
  })
}

/** Tells of what the person does, at most every few seconds: that it happened, never what it was. */
export function watchInput(tell: () => void): void {
  let toldAt = -Infinity
  const note = (event: Event): void => {
    if (!event.isTrusted || event.timeStamp - toldAt < 5000) return
    toldAt = event.timeStamp
    tell()
  }
  for (const kind of ['keydown', 'pointerdown', 'pointermove', 'wheel'])
    addEventListener(kind, note, { capture: true, passive: true })
}

export function makePreloadModules(config: IsolatedConfig, api: { ipcRenderer: object; contextBridge: object }) {
  const webUtils = {
    getPathForFile: (): never => {
      throw new Error('webUtils.getPathForFile is not available on this host: use dialog.showOpenDialog')
    },
  }
  const electron = { ...api, webUtils }
  const process = Object.freeze({
    platform: config.platform,
    arch: config.arch,
    versions: Object.freeze({ ...config.versions }),
    type: 'renderer',
    sandboxed: true,
    contextIsolated: true,
    env: Object.freeze({}),
    argv: Object.freeze([]),
  })
  const require = (name: string): object => {
    if (name === 'electron' || name === 'electron/renderer') return electron
    throw new Error(`module not found: ${name}`)
  }
  return { require, process }
}

export function runIsolatedWorld(config: IsolatedConfig, preload: PreloadModule): void {
  if (window !== window.top || !location.protocol.startsWith('http')) return
  const scope = globalThis as unknown as Record<string, unknown>
  const post = scope[config.binding] as (text: string) => void
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- its name is chosen at random per window
  delete scope[config.binding]
  const { ipcRenderer, receive, transmit } = makeIpcRenderer(post)
  Object.defineProperty(scope, config.receiver, { value: receive })

  const node = document.createElement('span')
  const link = linkOver(node, 'm', 'i')
  const crossing = makeCrossing(link, takeIntrinsics())
  window.dispatchEvent(new MouseEvent(config.handshake, { relatedTarget: node }))
  const contextBridge = {
    exposeInMainWorld: (key: string, api: unknown) => link.fire('expose', { key, api: crossing.toOther(api) }),
  }

  guardBrowserActions()
  guardClosing()
  addEventListener('focus', () => transmit({ k: 'w', e: 'focus' }))
  addEventListener('blur', () => transmit({ k: 'w', e: 'blur' }))
  watchInput(() => transmit({ k: 'w', e: 'input' }))
  addEventListener('resize', () => transmit({ k: 'w', e: 'resize' }))
  const { require, process } = makePreloadModules(config, { ipcRenderer, contextBridge })
  const module = { exports: {} }
  try {
    preload(require, module, module.exports, process)
  } finally {
    transmit({ k: 'h' })
  }
}
