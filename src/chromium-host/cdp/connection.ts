import type { Readable, Writable } from 'node:stream'
import { FrameSplitter } from './frame-splitter.ts'
import type { CdpCommands, CdpEvent, CdpMethod } from './protocol.ts'

/** Chromium refused a command, or went away before it answered. */
export class CdpError extends Error {
  static override readonly name = 'CdpError'
  readonly method: string

  constructor(method: string, message: string) {
    super(`${method}: ${message}`)
    this.method = method
  }
}

interface Pending {
  readonly method: string
  readonly resolve: (result: never) => void
  readonly reject: (error: CdpError) => void
}

interface Incoming {
  readonly id?: number
  readonly result?: unknown
  readonly error?: { readonly message: string }
  readonly method?: string
  readonly sessionId?: string
}

export type EventHandler = (event: CdpEvent) => void

/** Raw client of Chromium's debugging pipe: NUL-terminated JSON both ways, no port, no dependency. */
export class CdpConnection {
  readonly #out: Writable
  readonly #pending = new Map<number, Pending>()
  readonly #sessions = new Map<string, EventHandler>()
  readonly #splitter = new FrameSplitter()
  readonly #onClosed: () => void
  #nextId = 1
  #closed = false

  constructor(pipes: { readonly out: Writable; readonly in: Readable }, onClosed: () => void) {
    this.#out = pipes.out
    this.#onClosed = onClosed
    pipes.in.on('data', (chunk: Buffer) => this.#receive(chunk))
    pipes.in.on('close', () => this.#close())
    pipes.in.on('error', () => this.#close())
    pipes.out.on('error', () => this.#close())
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Sends a command to the browser, or to the target behind `sessionId`. @throws CdpError */
  send<M extends CdpMethod>(
    method: M,
    params: CdpCommands[M]['params'],
    sessionId?: string,
  ): Promise<CdpCommands[M]['result']> {
    if (this.#closed) return Promise.reject(new CdpError(method, 'connection closed'))
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { method, resolve, reject })
      this.#out.write(
        JSON.stringify(sessionId === undefined ? { id, method, params } : { id, method, params, sessionId }) + '\0',
      )
    })
  }

  /** Routes the events of a session (`''` = the browser itself) to one handler; returns the disposer. */
  listen(sessionId: string, handler: EventHandler): () => void {
    this.#sessions.set(sessionId, handler)
    return () => this.#sessions.delete(sessionId)
  }

  #receive(chunk: Buffer): void {
    let frames: string[]
    try {
      frames = this.#splitter.push(chunk)
    } catch {
      // A message beyond the limit: the stream is no longer in step, so the browser goes.
      this.#out.end()
      this.#close()
      return
    }
    for (const frame of frames) this.#dispatch(JSON.parse(frame) as Incoming)
  }

  #dispatch(message: Incoming): void {
    if (message.id === undefined) {
      this.#sessions.get(message.sessionId ?? '')?.(message as unknown as CdpEvent)
      return
    }
    const pending = this.#pending.get(message.id)
    this.#pending.delete(message.id)
    if (pending === undefined) return
    if (message.error === undefined) pending.resolve(message.result as never)
    else pending.reject(new CdpError(pending.method, message.error.message))
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const { method, reject } of this.#pending.values()) reject(new CdpError(method, 'connection closed'))
    this.#pending.clear()
    this.#onClosed()
  }
}
