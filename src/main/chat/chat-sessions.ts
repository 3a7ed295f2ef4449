import type { ConversationId } from '#shared/model/ids.ts'
import type { ContactPolicy } from '#shared/model/views.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import { inUseMs, maxRingingSessions } from './limits.ts'

/** What to answer to a chat INVITE. `ring` = neither yes nor no: another device, or the user, may still take it. */
export type SessionAnswer = 'accept' | 'ring' | 'decline'

/** Decides which chat sessions this device takes: those of accepted contacts, while the user is at this device. */
export class ChatSessions {
  readonly #clock: ClockPort
  readonly #answer: (session: string, answer: SessionAnswer) => void
  readonly #ringing = new Map<string, { readonly conversation: ConversationId; accepted: boolean }>()
  #focused = false
  #lastUsedAt = -Infinity

  constructor(clock: ClockPort, answer: (session: string, answer: SessionAnswer) => void) {
    this.#clock = clock
    this.#answer = answer
  }

  /** The window got or lost the focus. */
  setFocused(focused: boolean): void {
    if (focused || this.#focused) this.#lastUsedAt = this.#clock.now()
    this.#focused = focused
    if (focused) for (const [session, { accepted }] of this.#ringing) if (accepted) this.#take(session)
  }

  handleInvite(session: string, conversation: ConversationId, policy: ContactPolicy): void {
    if (policy === 'blocked' || this.#ringing.size >= maxRingingSessions) this.#answer(session, 'decline')
    else if (policy === 'accepted' && this.#inUse()) this.#answer(session, 'accept')
    else {
      this.#ringing.set(session, { conversation, accepted: policy === 'accepted' })
      this.#answer(session, 'ring')
    }
  }

  handleEnded(session: string): void {
    this.#ringing.delete(session)
  }

  /** The user decided about a contact whose session may be ringing. */
  setPolicy(conversation: ConversationId, policy: 'accepted' | 'blocked'): void {
    for (const [session, ringing] of this.#ringing) {
      if (ringing.conversation !== conversation) continue
      if (policy === 'blocked') {
        this.#ringing.delete(session)
        this.#answer(session, 'decline')
      } else {
        ringing.accepted = true
        if (this.#inUse()) this.#take(session)
      }
    }
  }

  #inUse(): boolean {
    return this.#focused || this.#clock.now() - this.#lastUsedAt < inUseMs
  }

  #take(session: string): void {
    this.#ringing.delete(session)
    this.#answer(session, 'accept')
  }
}
