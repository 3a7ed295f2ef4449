/** Transfers (RFC 3515): the other side is asked to call somebody else, or asks us to. */
import { SottoError } from '#shared/errors.ts'
import type { CallId } from '#shared/model/calls.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { CallSignal } from '#main/accounts/signalling-port-calls.ts'
import type { CallCore } from './call-core.ts'
import type { CallPeer } from './ports.ts'

export class CallTransfers {
  readonly #core: CallCore
  #connecting: CallId | null = null

  constructor(core: CallCore) {
    this.#core = core
  }

  /** Asks the other side to call `to`. @throws SottoError `not-found` while the call is not up. */
  async ask(to: Aor): Promise<void> {
    if (!this.#core.isActive) throw new SottoError('not-found')
    this.#core.change({ transfer: { to, state: 'asked' } })
    const reply = await this.#core.context.signalling.call({ kind: 'transfer', call: this.#core.id, to })
    if (!reply.ok) this.heard(null)
  }

  /** Asks the other side to take our place in another call of ours. @throws SottoError `not-found` unless both are up in one account. */
  async connect(there: CallTransfers): Promise<void> {
    const other = there.#core
    const { peer } = other.facts
    const isFit = this.#core.isActive && other.isActive && other !== this.#core
    if (!isFit || peer.accountId !== this.#core.facts.peer.accountId) throw new SottoError('not-found')
    this.#core.change({ transfer: { to: peer.aor, state: 'asked' } })
    this.#connecting = other.id
    const reply = await this.#core.context.signalling.call({ kind: 'connect', call: this.#core.id, with: other.id })
    if (!reply.ok) this.heard(null)
  }

  /** Whether the other side is about to take our place in this call. */
  gives(id: CallId): boolean {
    return this.#connecting === id
  }

  /** How far the other side is; null: nobody answered. */
  heard(status: number | null): void {
    const { transfer } = this.#core.state
    if (transfer === null) return
    // 100 says that the question came (RFC 3515 §2.4.4), not that anybody has answered it.
    if (status === 100) return
    if (status !== null && status < 200) this.#core.change({ transfer: { ...transfer, state: 'trying' } })
    else if (status !== null && status < 300) void this.#core.finish('transferred')
    else {
      this.#connecting = null
      this.#core.change({ transfer: { ...transfer, state: 'failed' } })
    }
  }

  /** The other side asks us to call somebody: the user decides, by itself nothing happens. */
  asked({ to, by, attended }: Extract<CallSignal, { kind: 'referred' }>): void {
    this.#core.change({ referral: { to, by: by === this.#core.facts.peer.aor ? null : by, attended } })
  }

  /** Whether the other side asked us to call this peer, and nobody has decided yet. */
  wants({ accountId, aor }: CallPeer): boolean {
    return accountId === this.#core.facts.peer.accountId && this.#core.state.referral?.to === aor
  }

  /** Another call does what was asked. */
  taken(): void {
    this.#core.change({ referral: null })
  }

  async decline(): Promise<void> {
    if (this.#core.state.referral === null) return
    this.#core.change({ referral: null })
    await this.#core.context.signalling.call({ kind: 'decline-referral', call: this.#core.id })
  }
}
