/** Runs first in the page's own world, before any page script; its source text is what is injected. */
import { type CrossingLink, eachKey, makeCrossing, takeIntrinsics } from './crossing.ts'

export function deepFreeze(intrinsics: ReturnType<typeof takeIntrinsics>, value: unknown): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || intrinsics.isView(value))
    return value
  intrinsics.freeze(value)
  eachKey(intrinsics.keys(value), (key) => deepFreeze(intrinsics, (value as Record<string, unknown>)[key]))
  return value
}

/** A link over a node that no document holds, so that no page script can find it. */
export function linkOver(node: EventTarget, inbound: string, outbound: string): CrossingLink {
  const { apply } = Reflect
  const NodeEvent = CustomEvent
  // eslint-disable-next-line @typescript-eslint/unbound-method -- taken now because pages may replace them
  const { addEventListener, dispatchEvent } = EventTarget.prototype
  // eslint-disable-next-line @typescript-eslint/unbound-method -- taken now because pages may replace it
  const detailOf = Object.getOwnPropertyDescriptor(CustomEvent.prototype, 'detail')?.get as (this: Event) => unknown
  return {
    fire: (type, detail) => {
      apply(dispatchEvent, node, [new NodeEvent(outbound + type, { detail })])
    },
    on: (type, handler) => {
      const listener = (event: Event): void => handler(apply(detailOf, event, []) as never)
      apply(addEventListener, node, [inbound + type, listener])
    },
  }
}

/** Nothing the page writes may reach the disk: the stores of the web platform are gone before its first script. */
export function removeStorage(): void {
  const refuse = (): never => {
    throw new DOMException('Storage is not available in this application.', 'SecurityError')
  }
  for (const name of ['localStorage', 'sessionStorage'])
    Object.defineProperty(window, name, { get: refuse, configurable: false })
  for (const name of ['indexedDB', 'caches', 'cookieStore', 'openDatabase', 'webkitRequestFileSystem', 'sharedStorage'])
    Object.defineProperty(window, name, { value: undefined, configurable: false, writable: false })
  for (const name of [
    'serviceWorker',
    'storage',
    'storageBuckets',
    'webkitPersistentStorage',
    'webkitTemporaryStorage',
  ])
    Object.defineProperty(Navigator.prototype, name, { value: undefined, configurable: false, writable: false })
  Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set: () => undefined, configurable: false })
}

/** Waits for the preload's world to hand over the node, then puts on `window` what the preload exposes. */
export function runMainWorld(handshake: string): void {
  removeStorage()
  if (window !== window.top || !location.protocol.startsWith('http')) return
  const intrinsics = takeIntrinsics()
  const join = (event: Event): void => {
    window.removeEventListener(handshake, join, true)
    event.stopImmediatePropagation()
    const { relatedTarget } = event as MouseEvent
    if (relatedTarget === null) return
    const link = linkOver(relatedTarget, 'i', 'm')
    const crossing = makeCrossing(link, intrinsics)
    link.on('expose', ({ key, api }: { key: string; api: unknown }) => {
      const value = deepFreeze(intrinsics, crossing.fromOther(api))
      intrinsics.define(window, key, { value, enumerable: true, configurable: false, writable: false })
    })
  }
  window.addEventListener(handshake, join, true)
}
