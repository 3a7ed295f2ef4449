import type { MailboxStore, PendingDelivery } from './mailbox-store.ts'
import type { BindingView } from '../proxy/api.ts'
import type { StoredMessage } from '../proxy/ports.ts'
import type { SipResponse } from '#protocol/sip/message.ts'
import type { LogPort } from '#shared/ports/log.ts'

/** Sends a stored message to a device and resolves with its final answer; 408 and 430 stand for "not there". */
export type SendToDevice = (binding: BindingView, message: StoredMessage) => Promise<Pick<SipResponse, 'status'>>

/** Answers that say something about the device's state, not about this message: try again at the next registration. */
const notNow: ReadonlySet<number> = new Set([401, 403, 404, 407, 408, 410, 429, 430, 480, 481, 486, 487, 491])

/**
 * Hands stored messages to a device when it registers: oldest first, one at a time, each until its 2xx. A message the
 * device refuses for good is left out until the next registration and does not hold up those behind it.
 */
export class MailboxDelivery {
  readonly #mailbox: MailboxStore
  readonly #log: LogPort
  readonly #send: SendToDevice
  readonly #running = new Map<string, BindingView>()
  #stopped = false

  constructor(ports: { readonly mailbox: MailboxStore; readonly log: LogPort; readonly send: SendToDevice }) {
    this.#mailbox = ports.mailbox
    this.#log = ports.log
    this.#send = ports.send
  }

  /** A device has registered, and its REGISTER is answered. */
  start(binding: BindingView): void {
    const key = `${binding.user} ${binding.instance}`
    if (this.#stopped) return
    // A run over an older flow ends at its next answer; the new flow is the one that is alive.
    this.#running.set(key, binding)
    this.#run(binding, key)
      .catch((_cause: unknown) => this.#log.error('mailbox-delivery-failed'))
      .finally(() => {
        if (this.#running.get(key) === binding) this.#running.delete(key)
      })
  }

  stop(): void {
    this.#stopped = true
  }

  async #run(binding: BindingView, key: string): Promise<void> {
    const { user, instance } = binding
    let after = 0
    for (let next = this.#next(binding, after); next !== null; next = this.#next(binding, after)) {
      const { status } = await this.#send(binding, next.message)
      if (this.#stopped) return
      if (status >= 200 && status < 300) this.#mailbox.delivered(user, instance, next.seq)
      if (this.#running.get(key) !== binding || isNotNow(status)) return
      after = next.seq
    }
  }

  #next({ user, instance }: BindingView, after: number): PendingDelivery | null {
    return this.#stopped ? null : this.#mailbox.next(user, instance, after)
  }
}

function isNotNow(status: number): boolean {
  return notNow.has(status) || (status >= 500 && status < 600)
}
