import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { ContinuationFlag } from './chunk.ts'
import type { Head, RequestHead, ResponseHead } from './head.ts'
import {
  MessageAssembler,
  type AssembledMessage,
  type AssemblerLimits,
  type Assembly,
  type MessageSink,
} from './message-assembler.ts'
import { checkRequest } from './session-incoming.ts'
import { wantsToSend } from './session-outgoing.ts'
import {
  initialSession,
  stepSession,
  type CloseReason,
  type OutgoingMessage,
  type SendOutcome,
  type SessionConfig,
  type SessionEffect,
  type SessionEvent,
  type SessionState,
} from './session.ts'

/** The answer to an incoming message, held back until the application gives it; once. */
export interface Decision {
  /** The message is durable: answers 200 and, where asked for, a success report. */
  accept(): void
  /** Not taken: answers this MSRP status (400, 403, 413, 415 …). */
  refuse(status: number): void
}

export interface SessionHandlers {
  onMessage(message: AssembledMessage, decision: Decision): void
  /** The far end was heard for the first time. */
  onOpened?(): void
  onClosed?(reason: CloseReason): void
  /** May take over a message that is too large to hold, at its first chunk. */
  openSink?(head: RequestHead): MessageSink | null
}

/** What a running session needs of its connection. */
export interface SessionHost {
  readonly clock: ClockPort
  readonly newId: () => string
  /** Writes a frame; false = full. */
  sendFrame(head: Head, body: Uint8Array | null, flag: ContinuationFlag): boolean
  /** The session is over: nothing for it any more. */
  forget(session: MsrpSession): void
}

export interface SessionSetup {
  readonly config: SessionConfig
  readonly handlers: SessionHandlers
  readonly assembler?: AssemblerLimits
}

/** A message that makes no progress is forgotten after this. */
const maxMessageIdleMs = 600_000

/** One MSRP session in motion: runs the pure machine, owns its timers, keeps the promises of its senders. */
export class MsrpSession {
  readonly #host: SessionHost
  readonly #handlers: SessionHandlers
  readonly #assembler: MessageAssembler
  readonly #timers = new Map<string, Timer>()
  readonly #waiting = new Map<string, (outcome: SendOutcome) => void>()
  #state: SessionState
  #request: { readonly head: RequestHead; readonly refused: boolean; begun: boolean } | null = null

  constructor(host: SessionHost, { config, handlers, assembler }: SessionSetup) {
    this.#host = host
    this.#handlers = handlers
    this.#assembler = new MessageAssembler(assembler, (head) => handlers.openSink?.(head) ?? null)
    this.#state = initialSession(config)
  }

  get phase(): SessionState['phase'] {
    return this.#state.phase
  }

  /** Binds (active) or waits for the far end (passive). */
  start(): void {
    this.#step({ kind: 'start' })
  }

  /** Sends a message; resolves once, when its fate is known. Message ids must not repeat while one is under way. */
  send(message: OutgoingMessage): Promise<SendOutcome> {
    const { messageId } = message
    if (this.#waiting.has(messageId)) return Promise.resolve({ kind: 'failed', status: 400, cause: 'aborted' })
    return new Promise((resolve) => {
      this.#waiting.set(messageId, resolve)
      this.#step({ kind: 'send', message })
    })
  }

  /** Gives up a message under way; its promise resolves as failed. */
  abort(messageId: string): void {
    this.#step({ kind: 'abort', messageId })
  }

  /** Ends the session; everything unfinished fails. */
  close(reason: CloseReason = 'closed'): void {
    this.#step({ kind: 'end', reason })
  }

  /** Uses a renewed relay path for what is sent from now on. */
  renewLocalPath(localPath: readonly string[]): void {
    this.#step({ kind: 'local-path', localPath })
  }

  /** For the connection: room to write, or none. */
  handleWritable(writable: boolean): void {
    if (writable !== this.#state.writable) this.#step({ kind: 'writable', writable })
  }

  /** For the connection: an answer. */
  handleResponse(head: ResponseHead): void {
    this.#step({ kind: 'response', head })
  }

  /** For the connection: a request begins. */
  beginRequest(head: RequestHead): void {
    const refused = head.method === 'REPORT' || checkRequest(this.#state, head) !== null
    this.#request = { head, refused, begun: false }
  }

  /** For the connection: body of the request. */
  writeRequest(bytes: Uint8Array): void {
    const request = this.#request
    if (request === null || request.refused) return
    if (!request.begun) this.#begin(request)
    this.#assembler.write(bytes)
  }

  /** For the connection: the request is whole. */
  endRequest(flag: ContinuationFlag): void {
    const request = this.#request
    this.#request = null
    if (request === null || this.#state.phase === 'closed') return
    const { head } = request
    if (head.method === 'REPORT') {
      if (head.malformed === null) this.#step({ kind: 'report', head })
      return
    }
    this.#step({ kind: 'chunk', head, assembly: request.refused ? null : this.#endBody(request, flag) })
  }

  #endBody(request: { readonly head: RequestHead; begun: boolean }, flag: ContinuationFlag): Assembly | null {
    const { messageId } = request.head
    // A frame without a body binds or keeps alive, unless it ends a message that has begun.
    if (!request.begun && messageId !== null && this.#assembler.has(messageId)) this.#begin(request)
    return request.begun ? this.#assembler.end(flag) : null
  }

  #begin(request: { readonly head: RequestHead; begun: boolean }): void {
    const nowMs = this.#host.clock.monotonic()
    this.#assembler.dropIdle(nowMs, maxMessageIdleMs)
    // A refusal comes back from `end`.
    this.#assembler.begin(request.head, nowMs)
    request.begun = true
  }

  #step(event: SessionEvent): void {
    this.#apply(event)
    while (wantsToSend(this.#state)) this.#apply({ kind: 'writable', writable: true })
  }

  #apply(event: SessionEvent): void {
    const { state, effects } = stepSession(this.#state, event, { newId: this.#host.newId })
    this.#state = state
    for (const effect of effects) this.#run(effect)
  }

  #run(effect: SessionEffect): void {
    switch (effect.kind) {
      case 'send':
        if (!this.#host.sendFrame(effect.head, effect.body, effect.flag))
          this.#state = { ...this.#state, writable: false }
        return
      case 'start-timer': {
        this.#startTimer(effect.timer, effect.delayMs)
        return
      }
      case 'stop-timer': {
        this.#stopTimer(effect.timer)
        return
      }
      case 'deliver': {
        this.#deliver(effect.receipt, effect.message)
        return
      }
      case 'outcome':
        this.#waiting.get(effect.messageId)?.(effect.outcome)
        this.#waiting.delete(effect.messageId)
        return
      case 'opened':
        return this.#handlers.onOpened?.()
      case 'closed': {
        this.#finish(effect.reason)
        return
      }
    }
  }

  #startTimer(timer: string, delayMs: number): void {
    this.#timers.get(timer)?.cancel()
    const run = (): void => {
      this.#timers.delete(timer)
      this.#step({ kind: 'timer', timer })
    }
    this.#timers.set(timer, this.#host.clock.after(delayMs, run))
  }

  #stopTimer(timer: string): void {
    this.#timers.get(timer)?.cancel()
    this.#timers.delete(timer)
  }

  #deliver(receipt: number, message: AssembledMessage): void {
    const decide = (status: number): void => this.#step({ kind: 'decision', receipt, status })
    this.#handlers.onMessage(message, { accept: () => decide(200), refuse: decide })
  }

  #finish(reason: CloseReason): void {
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
    this.#assembler.clear()
    this.#host.forget(this)
    this.#handlers.onClosed?.(reason)
  }
}
