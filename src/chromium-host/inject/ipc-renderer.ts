/** `ipcRenderer` for the preload's world; injected as source text. */
import { decodeClone, encodeClone } from './codec.ts'

/** From the preload to main: i invoke · s send · h preload finished · w window event. */
export type UpFrame =
  | { readonly k: 'i'; readonly id: number; readonly ch: string; readonly a: readonly unknown[] }
  | { readonly k: 's'; readonly ch: string; readonly a: readonly unknown[] }
  | { readonly k: 'h' }
  | { readonly k: 'w'; readonly e: 'focus' | 'blur' | 'resize' | 'input' }

/** From main to the preload: r result of an invoke · m message. */
export type DownFrame =
  | { readonly k: 'r'; readonly id: number; readonly ok: boolean; readonly v: unknown }
  | { readonly k: 'm'; readonly ch: string; readonly a: readonly unknown[] }

type Listener = (event: object, ...args: unknown[]) => void
interface Waiter {
  readonly channel: string
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

export function makeListeners() {
  const listeners = new Map<string, Listener[]>()
  const on = (channel: string, listener: Listener): void => {
    listeners.set(channel, [...(listeners.get(channel) ?? []), listener])
  }
  const off = (channel: string, listener: Listener): void => {
    const kept = [...(listeners.get(channel) ?? [])]
    const index = kept.lastIndexOf(listener)
    if (index >= 0) kept.splice(index, 1)
    listeners.set(channel, kept)
  }
  const emit = (channel: string, event: object, args: readonly unknown[]): void => {
    for (const listener of listeners.get(channel) ?? []) {
      try {
        listener(event, ...args)
      } catch (error) {
        // One bad listener must not stop the others; the page's error handler sees it.
        reportError(error)
      }
    }
  }
  return {
    on,
    off,
    emit,
    clear: (channel?: string) => (channel === undefined ? listeners.clear() : listeners.delete(channel)),
  }
}

/** Requests that main has not answered yet. */
export function makeInvocations(transmit: (frame: UpFrame) => void) {
  const waiting = new Map<number, Waiter>()
  let lastId = 0
  const invoke = (channel: string, ...a: unknown[]): Promise<unknown> => {
    const id = ++lastId
    return new Promise((resolve, reject) => {
      transmit({ k: 'i', id, ch: channel, a })
      waiting.set(id, { channel, resolve, reject })
    })
  }
  const settle = (frame: DownFrame & { k: 'r' }): void => {
    const waiter = waiting.get(frame.id)
    waiting.delete(frame.id)
    if (waiter === undefined) return
    if (frame.ok) {
      waiter.resolve(frame.v)
      return
    }
    const { name, message } = frame.v as Error
    waiter.reject(new Error(`Error invoking remote method '${waiter.channel}': ${name}: ${message}`))
  }
  return { invoke, settle }
}

export function makeIpcRenderer(post: (text: string) => void) {
  const { on, off, emit, clear } = makeListeners()
  const transmit = (frame: UpFrame): void => post(encodeClone(frame))
  const { invoke, settle } = makeInvocations(transmit)
  const ipcRenderer = {
    invoke,
    send: (channel: string, ...a: unknown[]): void => transmit({ k: 's', ch: channel, a }),
    on: (channel: string, listener: Listener) => (on(channel, listener), ipcRenderer),
    once: (channel: string, listener: Listener) => {
      const wrapped: Listener = (event, ...args) => {
        off(channel, wrapped)
        listener(event, ...args)
      }
      return ipcRenderer.on(channel, wrapped)
    },
    off: (channel: string, listener: Listener) => (off(channel, listener), ipcRenderer),
    addListener: (channel: string, listener: Listener) => ipcRenderer.on(channel, listener),
    removeListener: (channel: string, listener: Listener) => ipcRenderer.off(channel, listener),
    removeAllListeners: (channel?: string) => (clear(channel), ipcRenderer),
  }
  const receive = (text: string): void => {
    const frame = decodeClone(text) as DownFrame
    if (frame.k === 'm') emit(frame.ch, { sender: ipcRenderer, senderId: 0, ports: [] }, frame.a)
    else settle(frame)
  }
  return { ipcRenderer, receive, transmit }
}
