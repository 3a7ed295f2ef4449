import type { AccountId, Aor, ConversationId } from '#shared/model/ids.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import {
  stepComposer,
  stepReceiver,
  type ComposerEvent,
  type ComposerState,
  type ComposingEffect,
  type ComposingTimer,
  type IsComposing,
  type ReceiverEvent,
  type ReceiverState,
} from '#protocol/cpim/is-composing.ts'
import { typingTiming } from './limits.ts'

/** Whom to tell that the user is typing. */
export interface TypingPeer {
  readonly conversation: ConversationId
  readonly accountId: AccountId
  readonly peer: Aor
}

/** Timers of the conversations in which somebody is composing. */
class ComposingTimers {
  readonly #clock: ClockPort
  readonly #timers = new Map<string, Timer>()

  constructor(clock: ClockPort) {
    this.#clock = clock
  }

  apply(conversation: ConversationId, effect: ComposingEffect, expired: (timer: ComposingTimer) => void): void {
    if (effect.kind !== 'start-timer' && effect.kind !== 'stop-timer') return
    const key = `${conversation} ${effect.timer}`
    this.#timers.get(key)?.cancel()
    this.#timers.delete(key)
    if (effect.kind === 'stop-timer') return
    const run = () => {
      this.#timers.delete(key)
      expired(effect.timer)
    }
    this.#timers.set(key, this.#clock.after(effect.delayMs, run))
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }
}

/** Tells peers that the user is typing: when it begins, now and then while it lasts, and when it stops. */
export class OutgoingTyping {
  readonly #timers: ComposingTimers
  readonly #send: (to: TypingPeer, active: boolean) => void
  readonly #states = new Map<ConversationId, ComposerState>()

  constructor(clock: ClockPort, send: (to: TypingPeer, active: boolean) => void) {
    this.#timers = new ComposingTimers(clock)
    this.#send = send
  }

  handle(to: TypingPeer, event: ComposerEvent): void {
    const { state, effects } = stepComposer(this.#states.get(to.conversation) ?? 'idle', event, typingTiming)
    if (state === 'idle') this.#states.delete(to.conversation)
    else this.#states.set(to.conversation, state)
    for (const effect of effects) {
      if (effect.kind === 'send') this.#send(to, effect.state === 'active')
      this.#timers.apply(to.conversation, effect, (timer) => {
        if (timer !== 'expiry') this.handle(to, timer)
      })
    }
  }

  stop(): void {
    this.#timers.stop()
  }
}

/** What peers say of their typing; ends by itself when they say nothing more. */
export class IncomingTyping {
  readonly #timers: ComposingTimers
  readonly #show: (conversation: ConversationId, active: boolean) => void
  readonly #states = new Map<ConversationId, ReceiverState>()

  constructor(clock: ClockPort, show: (conversation: ConversationId, active: boolean) => void) {
    this.#timers = new ComposingTimers(clock)
    this.#show = show
  }

  handleStatus(conversation: ConversationId, said: Pick<IsComposing, 'state' | 'refreshSeconds'>): void {
    this.#handle(conversation, { kind: 'status', status: { ...said, lastActiveMs: null, contentType: null } })
  }

  /** A message of the peer arrived: it is not composing that one any more. */
  handleMessage(conversation: ConversationId): void {
    this.#handle(conversation, { kind: 'message' })
  }

  #handle(conversation: ConversationId, event: ReceiverEvent): void {
    const { state, effects } = stepReceiver(this.#states.get(conversation) ?? 'idle', event)
    if (state === 'idle') this.#states.delete(conversation)
    else this.#states.set(conversation, state)
    for (const effect of effects) {
      if (effect.kind === 'show') this.#show(conversation, effect.composing)
      this.#timers.apply(conversation, effect, () => this.#handle(conversation, { kind: 'expiry' }))
    }
  }

  stop(): void {
    this.#timers.stop()
  }
}
