/**
 * What the four transaction machines share (RFC 3261 §17, corrected by RFC 6026). A machine takes a state and an event
 * and returns the next state and effects; its owner runs the timers and sends.
 */
import type { SipResponse } from '../message.ts'

/** Timers by their RFC 3261 table 4 names; L and M come from RFC 6026. */
export type TimerName = 'A' | 'B' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M'

/** Round-trip estimate, longest retransmit interval and longest life of a message in the network, milliseconds. */
export const T1 = 500
export const T2 = 4_000
export const T4 = 5_000
/** 64·T1: how long anything waits for an answer. */
export const transactionTimeoutMs = 64 * T1
/** Timer D on unreliable transports: at least 32 s. */
export const timerDMs = 32_000

export type TransactionEffect =
  /** Client: send (again) the request as it was. */
  | { readonly kind: 'send-request' }
  /** INVITE client: acknowledge this 3xx–6xx within the transaction (RFC 3261 §17.1.1.3). */
  | { readonly kind: 'send-ack'; readonly response: SipResponse }
  /** Server: send (again) this response. */
  | { readonly kind: 'send-response'; readonly response: SipResponse }
  /** Hand the response to the transaction user. */
  | { readonly kind: 'deliver'; readonly response: SipResponse }
  | { readonly kind: 'start-timer'; readonly timer: TimerName; readonly delayMs: number }
  | { readonly kind: 'stop-timer'; readonly timer: TimerName }
  /** Nobody answered: the transaction user takes it as 408 (client) or as a missing ACK (server). */
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'transport-failed' }
  /** The transaction is over: forget it. All its timers have run out or are to be stopped. */
  | { readonly kind: 'terminated' }

export interface Step<State> {
  readonly state: State
  readonly effects: readonly TransactionEffect[]
}

export type ClientEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'response'; readonly response: SipResponse }
  | { readonly kind: 'timer'; readonly timer: TimerName }
  | { readonly kind: 'transport-error' }

export type ServerEvent =
  /** The same request again. */
  | { readonly kind: 'request' }
  | { readonly kind: 'ack' }
  /** The transaction user answers. */
  | { readonly kind: 'respond'; readonly response: SipResponse }
  | { readonly kind: 'timer'; readonly timer: TimerName }
  | { readonly kind: 'transport-error' }

const noEffects: readonly TransactionEffect[] = []

/** The event means nothing in this state: absorbed. */
export function absorb<State>(state: State): Step<State> {
  return { state, effects: noEffects }
}

/** The last step: nothing follows. */
export function terminate<State extends { readonly phase: string }>(
  state: State,
  effects: readonly TransactionEffect[],
): Step<State & { readonly phase: 'terminated' }> {
  return { state: { ...state, phase: 'terminated' }, effects: [...effects, { kind: 'terminated' }] }
}

/** The first step of a client: `resend` runs on unreliable transports only, `giveUp` on all. */
export function sendFirst(reliable: boolean, resend: TimerName, giveUp: TimerName): readonly TransactionEffect[] {
  const waiting: readonly TransactionEffect[] = [{ kind: 'send-request' }, startTimer(giveUp, transactionTimeoutMs)]
  return reliable ? waiting : [...waiting, startTimer(resend, T1)]
}

/** `start-timer` as a value. */
export function startTimer(timer: TimerName, delayMs: number): TransactionEffect {
  return { kind: 'start-timer', timer, delayMs }
}

/** `stop-timer` as a value. */
export function stopTimer(timer: TimerName): TransactionEffect {
  return { kind: 'stop-timer', timer }
}
