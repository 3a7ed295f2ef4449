/** What of the signalling somebody has yet to answer: whoever listens next must hear of it again. */
import type { CallId } from '#shared/model/calls.ts'
import type { AccountId } from '#shared/model/ids.ts'
import type { CallSignallingEvent } from '../signalling-port-calls.ts'
import type { IncomingBody, SignallingEvent } from '../signalling-port.ts'

type Of<K extends SignallingEvent['kind']> = Extract<SignallingEvent, { readonly kind: K }>

/** Bodies without an answer, calls that ring, chat sessions nobody decided about, and how each account is connected. */
export class PendingEvents {
  readonly #bodies = new Map<number, IncomingBody>()
  /** What was heard of each ringing call, the offer first. */
  readonly #ringing = new Map<CallId, CallSignallingEvent[]>()
  readonly #chats = new Map<string, Of<'chat-session'>>()
  readonly #connections = new Map<AccountId, Of<'connection'>>()
  readonly #hosts = new Map<AccountId, Of<'local-address'>>()

  hear(event: SignallingEvent): void {
    switch (event.kind) {
      case 'body':
        this.#bodies.set(event.body.receipt, event.body)
        break
      case 'call':
        this.#hearCall(event)
        break
      case 'chat-session':
        this.#chats.set(event.chat.session, event)
        break
      case 'chat-session-ended':
        this.#chats.delete(event.session)
        break
      case 'connection':
        this.#connections.set(event.accountId, event)
        break
      case 'local-address':
        this.#hosts.set(event.accountId, event)
        break
      case 'certificate':
      case 'credentials':
        break
    }
  }

  /** The sender has his answer. */
  answered(receipt: number): void {
    this.#bodies.delete(receipt)
  }

  /** Somebody took the call or refused it. */
  settled(call: CallId): void {
    this.#ringing.delete(call)
  }

  /** `ring` decides nothing. */
  decided(session: string, answer: 'accept' | 'ring' | 'decline'): void {
    if (answer !== 'ring') this.#chats.delete(session)
  }

  /** The account is configured anew: what was known of its connection is over. */
  forget(account: AccountId): void {
    this.#connections.delete(account)
    this.#hosts.delete(account)
  }

  isRegistered(account: AccountId): boolean {
    return this.#connections.get(account)?.connection.kind === 'registered'
  }

  /** How an account is connected. */
  connectionOf(account: AccountId): readonly SignallingEvent[] {
    const known = [this.#connections.get(account), this.#hosts.get(account)]
    return known.filter((event) => event !== undefined)
  }

  /** Everything that waits for an answer, in the order in which it came. */
  waiting(): readonly SignallingEvent[] {
    const bodies = [...this.#bodies.values()].map((body): SignallingEvent => ({ kind: 'body', body }))
    return [...bodies, ...[...this.#ringing.values()].flat(), ...this.#chats.values()]
  }

  #hearCall(event: CallSignallingEvent): void {
    const { kind } = event.signal
    if (kind === 'offered') this.#ringing.set(event.call, [event])
    else if (kind === 'failed' || kind === 'ended' || kind === 'established') this.#ringing.delete(event.call)
    else this.#ringing.get(event.call)?.push(event)
  }
}
