import type { ContinuationFlag } from './chunk.ts'
import type { Head, Header, RequestHead, ResponseHead } from './head.ts'
import type { AssembledMessage, Assembly } from './message-assembler.ts'
import type { Ranges } from './range-set.ts'
import { handleChunk, handleDecision } from './session-incoming.ts'
import {
  abortMessage,
  failAll,
  handleReport,
  handleResponse,
  handleTimer,
  pump,
  queueMessage,
  sendProbe,
} from './session-outgoing.ts'

/** Fixed facts of a session, known when both SDPs are. */
export interface SessionConfig {
  /** Our `a=path`: relays first, own URI last. */
  readonly localPath: readonly string[]
  /** Their `a=path`. */
  readonly remotePath: readonly string[]
  /** The active end binds the session with an empty SEND (RFC 4975 §5.4); the passive one waits for it. */
  readonly role: 'active' | 'passive'
  /** Media types we take: `text/plain`, `text/*`, `*`. */
  readonly acceptTypes: readonly string[]
  readonly timing: SessionTiming
  /** SENDs without an answer at one time. */
  readonly maxInFlight: number
  /** Messages handed to the application and not decided yet. */
  readonly maxUndecided: number
}

/** Milliseconds. */
export interface SessionTiming {
  /** RFC 4975 §7.1.1: an answer of the next hop. */
  readonly transactionMs: number
  /** Success report of the far end after the last answer: relays may lose a message without a word. */
  readonly reportMs: number
  /** Silence after which an empty SEND probes the connection; null = never. */
  readonly keepAliveMs: number | null
  /** How long the passive end holds its messages back for the binding SEND. */
  readonly bindWaitMs: number
}

export const defaultSessionTiming: SessionTiming = {
  transactionMs: 30_000,
  reportMs: 30_000,
  keepAliveMs: 60_000,
  bindWaitMs: 5_000,
}

/** What the application wants sent. */
export interface OutgoingMessage {
  readonly messageId: string
  readonly contentType: string
  readonly body: Uint8Array
  readonly headers: readonly Header[]
  readonly successReport: boolean
  readonly failureReport: 'yes' | 'no' | 'partial'
  /** Largest chunk, bytes; the message's own size or more = one chunk. */
  readonly chunkBytes: number
}

/** How a message ended. `accepted` = the next hop answered 200; `delivered` = a success report covered every byte. */
export type SendOutcome =
  | { readonly kind: 'accepted' | 'delivered' }
  | { readonly kind: 'failed'; readonly status: number; readonly cause: SendFailureCause }

/** `response` of the next hop, `report` from farther, own time-outs, session `closed`, `aborted` by the application. */
export type SendFailureCause = 'response' | 'report' | 'timed-out' | 'report-timed-out' | 'closed' | 'aborted'

export type CloseReason = 'closed' | 'lost' | 'timed-out' | 'gone'

export interface OutgoingState {
  readonly message: OutgoingMessage
  readonly offset: number
  readonly sentAll: boolean
  readonly unanswered: number
  /** Bytes that success reports named. */
  readonly reported: Ranges
}

export interface Transaction {
  /** Null for bind and keep-alive. */
  readonly messageId: string | null
  readonly failureReport: 'yes' | 'no' | 'partial'
}

export interface Undecided {
  readonly head: RequestHead
  readonly totalBytes: number
}

/** `binding`: nothing heard from the far end yet. from: – to: open, closed. `open` to: closed. */
export interface SessionState {
  readonly config: SessionConfig
  readonly phase: 'binding' | 'open' | 'closed'
  readonly mayPump: boolean
  readonly writable: boolean
  readonly outgoing: readonly OutgoingState[]
  readonly transactions: ReadonlyMap<string, Transaction>
  readonly undecided: ReadonlyMap<number, Undecided>
  readonly nextReceipt: number
  /** Something came or went since the last keep-alive tick. */
  readonly active: boolean
}

export type SessionEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'send'; readonly message: OutgoingMessage }
  | { readonly kind: 'abort'; readonly messageId: string }
  | { readonly kind: 'response'; readonly head: ResponseHead }
  /** A request other than REPORT, whole; `assembly` null when it had no body. */
  | { readonly kind: 'chunk'; readonly head: RequestHead; readonly assembly: Assembly | null }
  | { readonly kind: 'report'; readonly head: RequestHead }
  | { readonly kind: 'decision'; readonly receipt: number; readonly status: number }
  | { readonly kind: 'timer'; readonly timer: string }
  | { readonly kind: 'writable'; readonly writable: boolean }
  | { readonly kind: 'local-path'; readonly localPath: readonly string[] }
  | { readonly kind: 'end'; readonly reason: CloseReason }

export type SessionEffect =
  | { readonly kind: 'send'; readonly head: Head; readonly body: Uint8Array | null; readonly flag: ContinuationFlag }
  | { readonly kind: 'start-timer'; readonly timer: string; readonly delayMs: number }
  | { readonly kind: 'stop-timer'; readonly timer: string }
  | { readonly kind: 'deliver'; readonly receipt: number; readonly message: AssembledMessage }
  | { readonly kind: 'outcome'; readonly messageId: string; readonly outcome: SendOutcome }
  | { readonly kind: 'opened' }
  | { readonly kind: 'closed'; readonly reason: CloseReason }

export interface SessionStep {
  readonly state: SessionState
  readonly effects: readonly SessionEffect[]
}

/** What a step may ask for: fresh transaction ids, at least 64 random bits each. */
export interface SessionContext {
  readonly newId: () => string
}

/** The state before `start`. */
export function initialSession(config: SessionConfig): SessionState {
  return {
    config,
    phase: 'binding',
    mayPump: false,
    writable: true,
    outgoing: [],
    transactions: new Map(),
    undecided: new Map(),
    nextReceipt: 1,
    active: false,
  }
}

/** One step of an MSRP session (RFC 4975 §5–7): pure, every event allowed in every phase; a closed session only answers late sends. */
export function stepSession(state: SessionState, event: SessionEvent, context: SessionContext): SessionStep {
  if (state.phase === 'closed') return stepClosed(state, event)
  return chain(stepEvent(state, event, context), (next) => pump(next, context))
}

function stepEvent(state: SessionState, event: SessionEvent, context: SessionContext): SessionStep {
  switch (event.kind) {
    case 'start':
      return start(state, context)
    case 'send':
      return queueMessage(state, event.message)
    case 'abort':
      return abortMessage(state, event.messageId, context)
    case 'response':
      return handleResponse(heard(state), event.head, context)
    case 'chunk':
      return chain(opened(heard(state)), (next) => handleChunk(next, event))
    case 'report':
      return handleReport(heard(state), event.head, context)
    case 'decision':
      return handleDecision(state, event, context)
    case 'timer':
      return handleTimer(state, event.timer, context)
    case 'writable':
      return { state: { ...state, writable: event.writable }, effects: [] }
    case 'local-path':
      return { state: { ...state, config: { ...state.config, localPath: event.localPath } }, effects: [] }
    case 'end':
      return failAll(state, event.reason)
  }
}

function stepClosed(state: SessionState, event: SessionEvent): SessionStep {
  if (event.kind !== 'send') return { state, effects: [] }
  const outcome: SendOutcome = { kind: 'failed', status: 481, cause: 'closed' }
  return { state, effects: [{ kind: 'outcome', messageId: event.message.messageId, outcome }] }
}

function start(state: SessionState, context: SessionContext): SessionStep {
  const { timing, role } = state.config
  const keepAlive: SessionEffect[] =
    timing.keepAliveMs === null ? [] : [{ kind: 'start-timer', timer: 'keep-alive', delayMs: timing.keepAliveMs }]
  if (role === 'passive') {
    return { state, effects: [...keepAlive, { kind: 'start-timer', timer: 'bind', delayMs: timing.bindWaitMs }] }
  }
  const probe = sendProbe(state, context)
  return { state: { ...probe.state, mayPump: true }, effects: [...keepAlive, ...probe.effects] }
}

function heard(state: SessionState): SessionState {
  return state.active ? state : { ...state, active: true }
}

/** The first request of the far end opens the session for both. */
function opened(state: SessionState): SessionStep {
  if (state.phase === 'open') return { state, effects: [] }
  return {
    state: { ...state, phase: 'open', mayPump: true },
    effects: [{ kind: 'stop-timer', timer: 'bind' }, { kind: 'opened' }],
  }
}

/** Runs a further step on the result of one, unless that closed the session. */
export function chain(first: SessionStep, then: (state: SessionState) => SessionStep): SessionStep {
  if (first.state.phase === 'closed') return first
  const second = then(first.state)
  return { state: second.state, effects: [...first.effects, ...second.effects] }
}
