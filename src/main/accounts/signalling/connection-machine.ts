/**
 * When an account connects, registers, waits and gives up: values in, `{ state, effects }` out. Effects are data; the
 * keeper runs them.
 */
import type { ErrorCode } from '#shared/errors.ts'
import type { ConnectionView } from '#shared/model/views.ts'
import type { CertificateProblem, SocketFailure } from '#shared/ports/sockets.ts'
import type { RegistrationFailure } from '#protocol/sip/user-agent/user-agent.ts'

/**
 * `opening` from: stopped, waiting, registered, failed to: registering, waiting, failed. `registering` to: registered,
 * waiting, failed. `registered` to: waiting (flow lost, refresh refused), opening (no answer after a wake-up). `waiting`
 * to: opening. `failed` waits for the user, or where it is about the path, for another network.
 */
export type ConnectionPhase = 'stopped' | 'opening' | 'registering' | 'registered' | 'waiting' | 'failed'

export interface ConnectionState {
  readonly phase: ConnectionPhase
  /** Consecutive, since the last registration. */
  readonly failures: number
  readonly reason: ErrorCode
  readonly retryAt: number
}

/** `retry` opens again; `check` ends a flow that does not answer; `jitter` spreads what a network change sets off. */
export type TimerPurpose = 'retry' | 'check' | 'jitter'

export type ConnectionEvent =
  | { readonly kind: 'start' | 'opened' | 'registered' | 'lost' | 'network-changed' | 'stop' }
  | { readonly kind: 'open-failed'; readonly failure: SocketFailure }
  | { readonly kind: 'refused'; readonly reason: ErrorCode }
  | { readonly kind: 'register-failed'; readonly failure: RegistrationFailure }
  | { readonly kind: 'timer'; readonly purpose: TimerPurpose }

export type ConnectionEffect =
  | { readonly kind: 'open' | 'refresh' | 'close-flow' | 'stop-timer' }
  | { readonly kind: 'start-timer'; readonly purpose: TimerPurpose; readonly delayMs: number }
  | { readonly kind: 'certificate'; readonly problem: CertificateProblem }

/** Time and chance, drawn by the keeper for this step. */
export interface ConnectionDraw {
  readonly nowMs: number
  readonly backoffMs: (failures: number) => number
  readonly jitterMs: number
  /** There are servers that were not tried since the last registration (RFC 3263 §4.3). */
  readonly isOtherLeft?: boolean
}

export interface ConnectionStep {
  readonly state: ConnectionState
  readonly effects: readonly ConnectionEffect[]
}

/** A REGISTER that is not answered by then is given up with its flow. */
const checkMs = 20_000
/** After a wake-up the flow is either alive at once or dead. */
const wakeCheckMs = 5_000
/** A registrar that says no is not asked more often than this. */
const rejectedMs = 60_000

export const initialConnection: ConnectionState = { phase: 'stopped', failures: 0, reason: 'internal', retryAt: 0 }

/** One step of the connection. Events that do not fit the phase change nothing. */
export function stepConnection(state: ConnectionState, event: ConnectionEvent, draw: ConnectionDraw): ConnectionStep {
  switch (event.kind) {
    case 'start':
      return open({ ...state, failures: 0 })
    case 'stop':
      return { state: initialConnection, effects: [{ kind: 'stop-timer' }, { kind: 'close-flow' }] }
    case 'refused':
      return fail(state, event.reason)
    case 'opened':
      return onOpened(state)
    case 'open-failed':
      return onOpenFailed(state, event.failure, draw)
    case 'registered':
      return onRegistered(state)
    case 'register-failed':
      return onRegisterFailed(state, event.failure, draw)
    case 'lost':
      return onLost(state, draw)
    case 'timer':
      return onTimer(state, event.purpose, draw)
    case 'network-changed':
      return onNetworkChanged(state, draw)
  }
}

/** What the user sees. */
export function connectionView(state: ConnectionState): ConnectionView {
  switch (state.phase) {
    case 'stopped':
      return { kind: 'offline' }
    case 'opening':
    case 'registering':
      return { kind: 'connecting' }
    case 'registered':
      return { kind: 'registered' }
    case 'waiting':
      return { kind: 'waiting', retryAt: state.retryAt, reason: state.reason }
    case 'failed':
      return { kind: 'failed', reason: state.reason }
  }
}

function open(state: ConnectionState): ConnectionStep {
  const effects: ConnectionEffect[] = [{ kind: 'stop-timer' }, { kind: 'close-flow' }, { kind: 'open' }]
  return { state: { ...state, phase: 'opening' }, effects }
}

function unchanged(state: ConnectionState): ConnectionStep {
  return { state, effects: [] }
}

function onOpened(state: ConnectionState): ConnectionStep {
  if (state.phase !== 'opening') return unchanged(state)
  const effects: ConnectionEffect[] = [{ kind: 'start-timer', purpose: 'check', delayMs: checkMs }]
  return { state: { ...state, phase: 'registering' }, effects }
}

function onRegistered(state: ConnectionState): ConnectionStep {
  if (state.phase !== 'registering' && state.phase !== 'registered') return unchanged(state)
  return { state: { ...state, phase: 'registered', failures: 0 }, effects: [{ kind: 'stop-timer' }] }
}

function onOpenFailed(state: ConnectionState, failure: SocketFailure, draw: ConnectionDraw): ConnectionStep {
  if (state.phase !== 'opening') return unchanged(state)
  if (failure.kind !== 'certificate') return wait(state, 'server-unreachable', draw)
  const failed = fail(state, certificateReason(failure.problem))
  return { ...failed, effects: [...failed.effects, { kind: 'certificate', problem: failure.problem }] }
}

function certificateReason({ reason }: CertificateProblem): ErrorCode {
  if (reason === 'wrong-name') return 'certificate-wrong-name'
  return reason === 'expired' || reason === 'not-yet-valid' ? 'certificate-expired' : 'certificate-untrusted'
}

function onRegisterFailed(state: ConnectionState, failure: RegistrationFailure, draw: ConnectionDraw): ConnectionStep {
  if (state.phase !== 'registering' && state.phase !== 'registered') return unchanged(state)
  const { status, refusal, retryAfterMs } = failure
  if (refusal === 'no-usable-challenge') return fail(state, 'registration-rejected')
  if (refusal !== null) return fail(state, refusal)
  if (status === null || status === 408) return wait(state, 'server-unreachable', draw)
  // Retry-After of a 503 is about the server that sent it.
  const ownMs = status === 503 && draw.isOtherLeft === true ? 0 : (retryAfterMs ?? 0)
  const atLeastMs = Math.max(ownMs, status < 500 ? rejectedMs : 0)
  return wait(state, status < 500 ? 'registration-rejected' : 'server-refused', draw, atLeastMs)
}

function onLost(state: ConnectionState, draw: ConnectionDraw): ConnectionStep {
  if (state.phase !== 'registering' && state.phase !== 'registered') return unchanged(state)
  return wait(state, 'server-unreachable', draw)
}

function onTimer(state: ConnectionState, purpose: TimerPurpose, draw: ConnectionDraw): ConnectionStep {
  if (purpose === 'retry' && state.phase === 'waiting') return open(state)
  if (purpose === 'check' && state.phase === 'registering') return wait(state, 'server-unreachable', draw)
  if (purpose === 'check' && state.phase === 'registered') return open(state)
  if (purpose === 'jitter' && state.phase === 'registered') {
    return { state, effects: [{ kind: 'refresh' }, { kind: 'start-timer', purpose: 'check', delayMs: wakeCheckMs }] }
  }
  return unchanged(state)
}

/** What no other network can mend. */
const lasting: ReadonlySet<ErrorCode> = new Set([
  'wrong-password',
  'weaker-digest-refused',
  'foreign-realm-refused',
  'insecure-transport-refused',
  'address-invalid',
])

function onNetworkChanged(state: ConnectionState, draw: ConnectionDraw): ConnectionStep {
  if (state.phase === 'registered') {
    return { state, effects: [{ kind: 'start-timer', purpose: 'jitter', delayMs: draw.jitterMs }] }
  }
  const isWorthIt = state.phase === 'waiting' || (state.phase === 'failed' && !lasting.has(state.reason))
  if (!isWorthIt) return unchanged(state)
  const waiting = { ...state, phase: 'waiting', failures: 0, retryAt: draw.nowMs + draw.jitterMs } as const
  return { state: waiting, effects: [{ kind: 'start-timer', purpose: 'retry', delayMs: draw.jitterMs }] }
}

function wait(state: ConnectionState, reason: ErrorCode, draw: ConnectionDraw, atLeastMs = 0): ConnectionStep {
  const failures = state.failures + 1
  const delayMs = Math.max(draw.isOtherLeft === true ? draw.jitterMs : draw.backoffMs(failures), atLeastMs)
  return {
    state: { phase: 'waiting', failures, reason, retryAt: draw.nowMs + delayMs },
    effects: [{ kind: 'close-flow' }, { kind: 'start-timer', purpose: 'retry', delayMs }],
  }
}

function fail(state: ConnectionState, reason: ErrorCode): ConnectionStep {
  return {
    state: { ...state, phase: 'failed', reason },
    effects: [{ kind: 'stop-timer' }, { kind: 'close-flow' }],
  }
}
