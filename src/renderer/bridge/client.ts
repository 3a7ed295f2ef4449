/** The page's end of the bridge: typed calls that always resolve, and subscriptions. */
import type { BridgeReply, SottoBridge } from '#shared/bridge/api.ts'
import type { BridgeEventName, BridgeEvents } from '#shared/bridge/events.ts'
import type { BridgeArgs, BridgeName, BridgeResult } from '#shared/bridge/table.ts'

declare global {
  interface Window {
    readonly sotto?: SottoBridge
  }
}

/** Whether the page runs inside Sotto. */
export function hasBridge(): boolean {
  return window.sotto !== undefined
}

/** Asks main; a broken channel is the same to the caller as an internal error, never a rejection. */
export async function call<N extends BridgeName>(name: N, args: BridgeArgs<N>): Promise<BridgeReply<BridgeResult<N>>> {
  try {
    if (window.sotto !== undefined) return await window.sotto.call(name, args)
  } catch {
    // The reason stays in main's log: nothing that crosses the bridge as an exception is meant for the screen.
  }
  return { ok: false, code: 'internal', params: {} }
}

/** Subscribes to a fact; returns the disposer. */
export function on<E extends BridgeEventName>(event: E, handler: (payload: BridgeEvents[E]) => void): () => void {
  return window.sotto?.on(event, handler) ?? (() => undefined)
}

/**
 * Hands a typed secret to `run` as bytes and wipes them afterwards. The string itself cannot be wiped in JavaScript;
 * callers clear the field at once.
 */
export async function withSecret<T>(text: string, run: (bytes: Uint8Array<ArrayBuffer>) => Promise<T>): Promise<T> {
  const bytes = new TextEncoder().encode(text)
  try {
    return await run(bytes)
  } finally {
    bytes.fill(0)
  }
}
