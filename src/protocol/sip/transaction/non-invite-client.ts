/** Non-INVITE client transaction (RFC 3261 §17.1.2). */
import { absorb, sendFirst, startTimer, stopTimer, T1, T2, T4, terminate } from './machine.ts'
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
      return { state, effects: sendFirst(state.reliable, 'E', 'F') }
    case 'response':
      return onResponse(state, event.response)
    case 'timer':
      return onTimer(state, event.timer)
    case 'transport-error':
      return state.phase === 'completed' ? absorb(state) : terminate(state, [{ kind: 'transport-failed' }])
  }
}

function onTimer(state: NonInviteClientState, timer: string): Step<NonInviteClientState> {
  if (timer === 'K' && state.phase === 'completed') return terminate(state, [])
  if (state.phase === 'completed') return absorb(state)
  if (timer === 'F') return terminate(state, [{ kind: 'timed-out' }])
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
  if (state.reliable) return terminate(state, answered)
  return { state: { ...state, phase: 'completed' }, effects: [...answered, startTimer('K', T4)] }
}
