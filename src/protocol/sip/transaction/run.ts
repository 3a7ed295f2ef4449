/** Runs one transaction machine: keeps its state, owns its timers, hands its effects on. */
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { Step, TimerName, TransactionEffect } from './machine.ts'

/** What a machine wants of its owner; timers are not among it. */
export type OwnerEffect = Exclude<TransactionEffect, { readonly kind: 'start-timer' | 'stop-timer' }>

interface TimerEvent {
  readonly kind: 'timer'
  readonly timer: TimerName
}

export class RunningMachine<State, Event> {
  readonly #clock: ClockPort
  readonly #step: (state: State, event: Event | TimerEvent) => Step<State>
  readonly #act: (effect: OwnerEffect) => void
  readonly #timers = new Map<TimerName, Timer>()
  #state: State

  constructor(
    initial: State,
    step: (state: State, event: Event | TimerEvent) => Step<State>,
    clock: ClockPort,
    act: (effect: OwnerEffect) => void,
  ) {
    this.#state = initial
    this.#step = step
    this.#clock = clock
    this.#act = act
  }

  feed(event: Event | TimerEvent): void {
    const { state, effects } = this.#step(this.#state, event)
    this.#state = state
    for (const effect of effects) this.#apply(effect)
  }

  /** Ends without a word. */
  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  #apply(effect: TransactionEffect): void {
    if (effect.kind === 'start-timer') {
      const { timer, delayMs } = effect
      this.#timers.get(timer)?.cancel()
      this.#timers.set(
        timer,
        this.#clock.after(delayMs, () => this.feed({ kind: 'timer', timer })),
      )
    } else if (effect.kind === 'stop-timer') {
      this.#timers.get(effect.timer)?.cancel()
      this.#timers.delete(effect.timer)
    } else {
      if (effect.kind === 'terminated') this.stop()
      this.#act(effect)
    }
  }
}
