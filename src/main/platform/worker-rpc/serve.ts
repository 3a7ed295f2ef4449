import { SottoError } from '#shared/errors.ts'
import type { AnswerMessage, CallMessage, RpcMethods, RpcPort } from './protocol.ts'

/** The serving end: announces events, or stops answering. */
export interface RpcServer<Events> {
  emit<E extends keyof Events & string>(event: E, payload: Events[E]): void
  /** Stops answering; calls already running still answer. */
  close(): void
}

/** How an exception crosses: its code, or `internal` for a bug. */
export function failureOf(error: unknown): {
  readonly code: SottoError['code']
  readonly params: SottoError['params']
} {
  return error instanceof SottoError ? { code: error.code, params: error.params } : { code: 'internal', params: {} }
}

/**
 * Answers calls that arrive on `port` with `handlers`; `onBug` gets every exception that is not a SottoError (it must not
 * log values, only that it happened and where).
 */
export function serveRpc<M extends RpcMethods<M>, Events = Record<string, never>>(
  port: RpcPort,
  handlers: M,
  onBug: (error: unknown, method: string) => void,
): RpcServer<Events> {
  const answer = (id: number, method: string, outcome: AnswerMessage): void => {
    try {
      port.postMessage(outcome)
    } catch (error) {
      // A result that cannot be cloned must still settle the call.
      onBug(error, method)
      port.postMessage({ type: 'failed', id, code: 'internal', params: {} } satisfies AnswerMessage)
    }
  }
  const listener = (value: unknown): void => {
    const message = value as CallMessage | { readonly type: 'other' }
    if (message.type !== 'call') return
    void runCall(handlers, message, onBug).then((outcome) => {
      answer(message.id, message.method, outcome)
    })
  }
  port.on('message', listener)
  return {
    emit: (event, payload) => {
      port.postMessage({ type: 'event', event, payload })
    },
    close: () => {
      port.off('message', listener)
    },
  }
}

async function runCall<M extends RpcMethods<M>>(
  handlers: M,
  call: CallMessage,
  onBug: (error: unknown, method: string) => void,
): Promise<AnswerMessage> {
  try {
    if (!Object.hasOwn(handlers, call.method)) throw new Error('unknown rpc method')
    const handler = handlers[call.method as keyof M] as unknown as (...args: readonly unknown[]) => unknown
    return { type: 'done', id: call.id, value: await handler(...call.args) }
  } catch (error) {
    if (!(error instanceof SottoError)) onBug(error, call.method)
    return { type: 'failed', id: call.id, ...failureOf(error) }
  }
}
