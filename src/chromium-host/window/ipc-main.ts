import { EventEmitter } from 'node:events'
import type { UpFrame } from '../inject/ipc-renderer.ts'
import type { WebContents } from './web-contents.ts'

export interface SenderFrame {
  readonly url: string
  readonly origin: string
  readonly parent: null
  readonly top: SenderFrame
  readonly routingId: number
  readonly processId: number
}

/** What a handler learns about who called it. */
export interface IpcEvent {
  readonly type: 'frame'
  readonly sender: WebContents
  readonly senderFrame: SenderFrame
  readonly processId: number
  readonly frameId: number
  readonly ports: readonly never[]
  readonly reply: (channel: string, ...args: unknown[]) => void
}

type InvokeHandler = (event: IpcEvent, ...args: unknown[]) => unknown

/** `electron.ipcMain`. */
export class IpcMain extends EventEmitter {
  readonly #handlers = new Map<string, InvokeHandler>()

  handle(channel: string, handler: InvokeHandler): void {
    if (this.#handlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`)
    this.#handlers.set(channel, handler)
  }

  handleOnce(channel: string, handler: InvokeHandler): void {
    this.handle(channel, (event, ...args) => {
      this.removeHandler(channel)
      return handler(event, ...args)
    })
  }

  removeHandler(channel: string): void {
    this.#handlers.delete(channel)
  }

  /** Host only: a message of the preload; `wellFormed` frames only reach the app's handlers. */
  receive(event: IpcEvent, frame: UpFrame & { k: 'i' | 's' }, answer: (ok: boolean, value: unknown) => void): void {
    if (frame.k === 's') {
      // 'error' would throw where nobody listens.
      if (frame.ch !== 'error') this.emit(frame.ch, event, ...frame.a)
      return
    }
    this.#invoke(event, frame.ch, frame.a).then(
      (value) => answer(true, value),
      (error: unknown) => answer(false, error instanceof Error ? error : new Error(String(error))),
    )
  }

  async #invoke(event: IpcEvent, channel: string, args: readonly unknown[]): Promise<unknown> {
    const handler = this.#handlers.get(channel)
    if (handler === undefined) throw new Error(`No handler registered for '${channel}'`)
    return await handler(event, ...args)
  }
}

export const ipcMain = new IpcMain()

const windowEvents: ReadonlySet<unknown> = new Set(['focus', 'blur', 'resize', 'input'])

/** Whether a decoded message of a page has the shape it must have. */
export function isWellFormed(frame: unknown): frame is UpFrame {
  if (typeof frame !== 'object' || frame === null) return false
  const { k, id, ch, a, e } = frame as Record<string, unknown>
  if (k === 'h') return true
  if (k === 'w') return windowEvents.has(e)
  if (typeof ch !== 'string' || ch.length > 256 || !Array.isArray(a)) return false
  return k === 's' || (k === 'i' && Number.isSafeInteger(id))
}
