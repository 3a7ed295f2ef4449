import { SottoError, type ErrorCode } from '#shared/errors.ts'
import type { CallMessage, RpcMethods, RpcPort, ServerMessage } from './protocol.ts'

/** The calling end of a contract. */
export interface RpcClient<M extends RpcMethods<M>, Events> {
  /**
   * Calls `method` on the other thread.
   * @throws SottoError with the code of the other side, `internal` for a bug there, or the `closed` code.
   */
  call<K extends keyof M & string>(method: K, ...args: Parameters<M[K]>): Promise<Awaited<ReturnType<M[K]>>>
  /** Subscribes to an event; returns the disposer. */
  on<E extends keyof Events & string>(event: E, handler: (payload: Events[E]) => void): () => void
  /** Rejects pending and later calls with `code`; idempotent. */
  close(code: ErrorCode): void
}

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: SottoError) => void
}

/** Connects to a port that the other thread serves with `serveRpc`. */
export function connectRpc<M extends RpcMethods<M>, Events = Record<string, never>>(
  port: RpcPort,
): RpcClient<M, Events> {
  const client = new Client(port)
  return {
    call: (method, ...args) => client.call(method, args) as Promise<never>,
    on: (event, handler) => client.on(event, handler as (payload: unknown) => void),
    close: (code) => client.close(code),
  }
}

class Client {
  readonly #port: RpcPort
  readonly #pending = new Map<number, Pending>()
  readonly #handlers = new Map<string, Set<(payload: unknown) => void>>()
  readonly #listener = (value: unknown): void => this.#handle(value as ServerMessage)
  #nextId = 1
  #closed: ErrorCode | null = null

  constructor(port: RpcPort) {
    this.#port = port
    port.on('message', this.#listener)
  }

  call(method: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#closed !== null) return Promise.reject(new SottoError(this.#closed))
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      // Throws for values that cannot be cloned: the promise rejects and nothing stays pending.
      this.#port.postMessage({ type: 'call', id, method, args } satisfies CallMessage)
      this.#pending.set(id, { resolve, reject })
    })
  }

  on(event: string, handler: (payload: unknown) => void): () => void {
    const handlers = this.#handlers.get(event) ?? new Set()
    this.#handlers.set(event, handlers.add(handler))
    return () => handlers.delete(handler)
  }

  close(code: ErrorCode): void {
    if (this.#closed !== null) return
    this.#closed = code
    this.#port.off('message', this.#listener)
    for (const { reject } of this.#pending.values()) reject(new SottoError(code))
    this.#pending.clear()
  }

  #handle(message: ServerMessage): void {
    if (message.type === 'event') {
      for (const handler of [...(this.#handlers.get(message.event) ?? [])]) handler(message.payload)
    } else if (message.type === 'done') {
      this.#take(message.id)?.resolve(message.value)
    } else if (message.type === 'failed') {
      this.#take(message.id)?.reject(new SottoError(message.code, message.params))
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    return pending
  }
}
