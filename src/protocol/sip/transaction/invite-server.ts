/** INVITE server transaction (RFC 3261 §17.2.1, RFC 6026 §8.5). The user sends 100 itself, at once. */
import { absorb, startTimer, stopTimer, T1, T2, T4, terminate, transactionTimeoutMs } from './machine.ts'
import type { ServerEvent, Step, TransactionEffect } from './machine.ts'
import type { SipResponse } from '../message.ts'

export interface InviteServerState {
  /**
   * proceeding: no final yet · completed: 3xx–6xx sent, waits for ACK · confirmed: ACK came, repeats absorbed ·
   * accepted: 2xx sent, repeated INVITEs absorbed, further 2xx pass · terminated.
   */
  readonly phase: 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated'
  readonly reliable: boolean
  /** Interval of timer G: doubles up to T2. */
  readonly intervalMs: number
  /** Last response sent, repeated when the request is. */
  readonly last: SipResponse | null
}

export function newInviteServer(reliable: boolean): InviteServerState {
  return { phase: 'proceeding', reliable, intervalMs: T1, last: null }
}

export function stepInviteServer(state: InviteServerState, event: ServerEvent): Step<InviteServerState> {
  switch (event.kind) {
    case 'request':
      return onRepeat(state)
    case 'ack':
      return onAck(state)
    case 'respond':
      return onRespond(state, event.response)
    case 'timer':
      return onTimer(state, event.timer)
    case 'transport-error':
      // RFC 6026 §7.1: report it, stay: retransmissions may still get through.
      return state.phase === 'terminated' ? absorb(state) : { state, effects: [{ kind: 'transport-failed' }] }
  }
}

function end(state: InviteServerState, effects: readonly TransactionEffect[]): Step<InviteServerState> {
  return terminate({ ...state, last: null }, effects)
}

function onRepeat(state: InviteServerState): Step<InviteServerState> {
  const repeats = state.phase === 'proceeding' || state.phase === 'completed'
  if (!repeats || state.last === null) return absorb(state)
  return { state, effects: [{ kind: 'send-response', response: state.last }] }
}

function onAck(state: InviteServerState): Step<InviteServerState> {
  if (state.phase !== 'completed') return absorb(state)
  const stopped = [stopTimer('G'), stopTimer('H')]
  if (state.reliable) return end(state, stopped)
  return { state: { ...state, phase: 'confirmed' }, effects: [...stopped, startTimer('I', T4)] }
}

function onRespond(state: InviteServerState, response: SipResponse): Step<InviteServerState> {
  const send: TransactionEffect = { kind: 'send-response', response }
  if (state.phase === 'accepted')
    return response.status >= 200 && response.status < 300 ? { state, effects: [send] } : absorb(state)
  if (state.phase !== 'proceeding') return absorb(state)
  if (response.status < 200) return { state: { ...state, last: response }, effects: [send] }
  if (response.status < 300) {
    return {
      state: { ...state, phase: 'accepted', last: null },
      effects: [send, startTimer('L', transactionTimeoutMs)],
    }
  }
  const effects: TransactionEffect[] = [send, startTimer('H', transactionTimeoutMs)]
  if (!state.reliable) effects.push(startTimer('G', T1))
  return { state: { ...state, phase: 'completed', last: response }, effects }
}

function onTimer(state: InviteServerState, timer: string): Step<InviteServerState> {
  if (timer === 'L' && state.phase === 'accepted') return end(state, [])
  if (timer === 'I' && state.phase === 'confirmed') return end(state, [])
  if (state.phase !== 'completed') return absorb(state)
  if (timer === 'H') return end(state, [{ kind: 'timed-out' }])
  if (timer !== 'G' || state.last === null) return absorb(state)
  const intervalMs = Math.min(state.intervalMs * 2, T2)
  return {
    state: { ...state, intervalMs },
    effects: [{ kind: 'send-response', response: state.last }, startTimer('G', intervalMs)],
  }
}
