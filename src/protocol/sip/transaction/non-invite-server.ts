/** Non-INVITE server transaction (RFC 3261 §17.2.2, RFC 4320 §4.1: no provisional but 100). */
import { absorb, startTimer, terminate, transactionTimeoutMs } from './machine.ts'
import type { ServerEvent, Step, TransactionEffect } from './machine.ts'
import type { SipResponse } from '../message.ts'

export interface NonInviteServerState {
  /** trying: nothing sent · proceeding: 1xx sent · completed: final sent, repeated on request · terminated. */
  readonly phase: 'trying' | 'proceeding' | 'completed' | 'terminated'
  readonly reliable: boolean
  readonly last: SipResponse | null
}

export function newNonInviteServer(reliable: boolean): NonInviteServerState {
  return { phase: 'trying', reliable, last: null }
}

export function stepNonInviteServer(state: NonInviteServerState, event: ServerEvent): Step<NonInviteServerState> {
  switch (event.kind) {
    case 'request':
      if (state.last === null) return absorb(state)
      return { state, effects: [{ kind: 'send-response', response: state.last }] }
    case 'respond':
      return onRespond(state, event.response)
    case 'timer':
      return event.timer === 'J' && state.phase === 'completed' ? end(state, []) : absorb(state)
    case 'transport-error':
      return state.phase === 'terminated' ? absorb(state) : end(state, [{ kind: 'transport-failed' }])
    case 'ack':
      return absorb(state)
  }
}

function end(state: NonInviteServerState, effects: readonly TransactionEffect[]): Step<NonInviteServerState> {
  return terminate({ ...state, last: null }, effects)
}

function onRespond(state: NonInviteServerState, response: SipResponse): Step<NonInviteServerState> {
  if (state.phase === 'completed' || state.phase === 'terminated') return absorb(state)
  const send: TransactionEffect = { kind: 'send-response', response }
  if (response.status < 200) return { state: { ...state, phase: 'proceeding', last: response }, effects: [send] }
  // Timer J is zero on reliable transports.
  if (state.reliable) return end(state, [send])
  return {
    state: { ...state, phase: 'completed', last: response },
    effects: [send, startTimer('J', transactionTimeoutMs)],
  }
}
