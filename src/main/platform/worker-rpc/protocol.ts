/**
 * Typed calls between two threads over a MessagePort: the only way main talks to its workers.
 *
 * - A contract is two types: `Methods` (name → async function) and `Events` (name → payload). Both ends name the same
 *   contract, so a drift is a compile error.
 * - The worker side calls {@link "./serve.ts"}`serveRpc(port, handlers)` and gets `emit` for events; the other side calls
 *   `connectRpc(port)` (`connect.ts`) and gets `call`, `on`; `startWorker` (`start-worker.ts`) does that for a new
 *   `worker_threads` Worker and waits until it says it is ready.
 * - Values are structured-cloned: plain values, Uint8Array, Map, Set; no functions. A Uint8Array is cloned WITH its whole
 *   underlying buffer: copy (`bytes.slice()`) before sending a small view of a large or pooled buffer. A Buffer arrives as
 *   a Uint8Array.
 * - Calls start in the order they were made; events and answers keep their order relative to each other.
 * - A `SottoError` crosses as its code and params. Any other exception is a bug: it is given to `onBug` on the serving
 *   side, and the caller sees `internal`.
 * - When the port closes or the worker ends, every pending and later call rejects with the code `closed` was given.
 */
import type { ErrorCode } from '#shared/errors.ts'

/** Name → function; handlers may be async, callers always get a promise. */
export type RpcMethods<M> = { readonly [K in keyof M]: (...args: never[]) => unknown }

/** What goes from the caller to the serving side. */
export interface CallMessage {
  readonly type: 'call'
  readonly id: number
  readonly method: string
  readonly args: readonly unknown[]
}

/** The last message to a worker: it ends when it has nothing more to do. */
export interface EndMessage {
  readonly type: 'end'
}

export type AnswerMessage =
  | { readonly type: 'done'; readonly id: number; readonly value: unknown }
  | {
      readonly type: 'failed'
      readonly id: number
      readonly code: ErrorCode
      readonly params: Readonly<Record<string, string | number>>
    }

/** What goes from the serving side to the caller. */
export type ServerMessage =
  AnswerMessage | { readonly type: 'event'; readonly event: string; readonly payload: unknown } | ReadyMessage

/** First messages of a worker: how far it is with what takes long, then that it is ready, or could not start. */
export type ReadyMessage =
  | { readonly type: 'starting'; readonly share: number }
  | { readonly type: 'ready' }
  | {
      readonly type: 'start-failed'
      readonly code: ErrorCode
      readonly params: Readonly<Record<string, string | number>>
    }

/** The part of MessagePort, Worker and parentPort that the rpc uses. */
export interface RpcPort {
  postMessage(value: unknown): void
  on(event: 'message', listener: (value: unknown) => void): unknown
  off(event: 'message', listener: (value: unknown) => void): unknown
}
