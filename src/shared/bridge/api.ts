import type { ErrorCode } from '../errors.ts'
import type { BridgeArgs, BridgeName, BridgeResult } from './table.ts'
import type { BridgeEventName, BridgeEvents } from './events.ts'

/** How a call's outcome crosses the bridge: a value, or a code the screen has words for; never a stack or a message. */
export type BridgeReply<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: ErrorCode; readonly params: Readonly<Record<string, string | number>> }

/** What preload puts on `window.sotto`; nothing else is exposed. */
export interface SottoBridge {
  call<N extends BridgeName>(name: N, args: BridgeArgs<N>): Promise<BridgeReply<BridgeResult<N>>>
  /** Subscribes to a fact; returns the disposer. */
  on<E extends BridgeEventName>(event: E, handler: (payload: BridgeEvents[E]) => void): () => void
}
