/** Non-INVITE client transaction (RFC 3261 §17.1.2). */
import { absorb, startTimer, stopTimer, T1, T2, T4, transactionTimeoutMs } from './machine.ts'
import type { ClientEvent, Step, TransactionEffect } from './machine.ts'
import type { SipResponse } from '../message.ts'

export interface NonInviteClientState {
  /** trying: sent · proceeding: 1xx came, retransmits slow down · completed: final came, repeats absorbed · terminated. */
  readonly phase: 'trying' | 'proceeding' | 'completed' | 'terminated'
  readonly reliable: boolean
  /** Interval of timer E: doubles up to T2. */
  readonly intervalMs: number
}

export function newNonInviteClient(reliable: boolean): NonInviteClientState {
  return { phase: 'trying', reliable, intervalMs: T1 }
}

export function stepNonInviteClient(state: NonInviteClientState, event: ClientEvent): Step<NonInviteClientState> {
  if (state.phase === 'terminated') return absorb(state)
  switch (event.kind) {
    case 'start':
      return onStart(state)
    case 'response':
      return onResponse(state, event.response)
    case 'timer':
      return onTimer(state, event.timer)
    case 'transport-error':
      return state.phase === 'completed' ? absorb(state) : end(state, [{ kind: 'transport-failed' }])
  }
}

function end(state: NonInviteClientState, effects: readonly TransactionEffect[]): Step<NonInviteClientState> {
  return { state: { ...state, phase: 'terminated' }, effects: [...effects, { kind: 'terminated' }] }
}

function onStart(state: NonInviteClientState): Step<NonInviteClientState> {
  const effects: TransactionEffect[] = [{ kind: 'send-request' }, startTimer('F', transactionTimeoutMs)]
  if (!state.reliable) effects.push(startTimer('E', T1))
  return { state, effects }
}

function onTimer(state: NonInviteClientState, timer: string): Step<NonInviteClientState> {
  if (timer === 'K' && state.phase === 'completed') return end(state, [])
  if (state.phase === 'completed') return absorb(state)
  if (timer === 'F') return end(state, [{ kind: 'timed-out' }])
  if (timer !== 'E') return absorb(state)
  const intervalMs = state.phase === 'proceeding' ? T2 : Math.min(state.intervalMs * 2, T2)
  return { state: { ...state, intervalMs }, effects: [{ kind: 'send-request' }, startTimer('E', intervalMs)] }
}

function onResponse(state: NonInviteClientState, response: SipResponse): Step<NonInviteClientState> {
  if (state.phase === 'completed') return absorb(state)
  const deliver: TransactionEffect = { kind: 'deliver', response }
  if (response.status < 200) return { state: { ...state, phase: 'proceeding' }, effects: [deliver] }
  const answered = [stopTimer('E'), stopTimer('F'), deliver]
  // Timer K is zero on reliable transports.
  if (state.reliable) return end(state, answered)
  return { state: { ...state, phase: 'completed' }, effects: [...answered, startTimer('K', T4)] }
}
