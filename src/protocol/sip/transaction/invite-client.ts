/** INVITE client transaction (RFC 3261 §17.1.1, RFC 6026 §8.4). */
import { absorb, sendFirst, startTimer, stopTimer, T1, terminate, timerDMs, transactionTimeoutMs } from './machine.ts'
import type { ClientEvent, Step, TransactionEffect } from './machine.ts'
import type { SipResponse } from '../message.ts'

export interface InviteClientState {
  /**
   * calling: sent, nothing heard · proceeding: 1xx came · completed: 3xx–6xx came, ACK repeated on request ·
   * accepted: 2xx came, further 2xx pass · terminated.
   */
  readonly phase: 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated'
  readonly reliable: boolean
  /** Interval of timer A, doubling. */
  readonly intervalMs: number
}

export function newInviteClient(reliable: boolean): InviteClientState {
  return { phase: 'calling', reliable, intervalMs: T1 }
}

export function stepInviteClient(state: InviteClientState, event: ClientEvent): Step<InviteClientState> {
  if (state.phase === 'terminated') return absorb(state)
  switch (event.kind) {
    case 'start':
      return { state, effects: sendFirst(state.reliable, 'A', 'B') }
    case 'response':
      return onResponse(state, event.response)
    case 'timer':
      return onTimer(state, event.timer)
    case 'transport-error':
      // RFC 6026 §7.1: in accepted and completed the answer is already with the user.
      return terminate(state, state.phase === 'accepted' ? [] : [{ kind: 'transport-failed' }])
  }
}

function onTimer(state: InviteClientState, timer: string): Step<InviteClientState> {
  if (timer === 'A' && state.phase === 'calling') {
    const intervalMs = state.intervalMs * 2
    return { state: { ...state, intervalMs }, effects: [{ kind: 'send-request' }, startTimer('A', intervalMs)] }
  }
  if (timer === 'B' && state.phase === 'calling') return terminate(state, [{ kind: 'timed-out' }])
  if (timer === 'D' && state.phase === 'completed') return terminate(state, [])
  if (timer === 'M' && state.phase === 'accepted') return terminate(state, [])
  return absorb(state)
}

function onResponse(state: InviteClientState, response: SipResponse): Step<InviteClientState> {
  const deliver: TransactionEffect = { kind: 'deliver', response }
  const waiting = state.phase === 'calling' || state.phase === 'proceeding'
  const stopWaiting = [stopTimer('A'), stopTimer('B')]
  if (response.status < 200) {
    return waiting ? { state: { ...state, phase: 'proceeding' }, effects: [...stopWaiting, deliver] } : absorb(state)
  }
  if (response.status < 300) {
    if (state.phase === 'accepted') return { state, effects: [deliver] }
    if (!waiting) return absorb(state)
    return {
      state: { ...state, phase: 'accepted' },
      effects: [...stopWaiting, deliver, startTimer('M', transactionTimeoutMs)],
    }
  }
  if (state.phase === 'completed') return { state, effects: [{ kind: 'send-ack', response }] }
  if (!waiting) return absorb(state)
  const answered: TransactionEffect[] = [...stopWaiting, { kind: 'send-ack', response }, deliver]
  // Timer D is zero on reliable transports.
  if (state.reliable) return terminate(state, answered)
  return { state: { ...state, phase: 'completed' }, effects: [...answered, startTimer('D', timerDMs)] }
}
