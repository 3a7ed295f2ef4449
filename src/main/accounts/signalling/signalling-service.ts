import { SottoError } from '#shared/errors.ts'
import type { AccountId } from '#shared/model/ids.ts'
import type { CallCommand, CallReply } from '../signalling-port-calls.ts'
import type { AcceptStatus, SignallingAccount, SignallingEvent, SignallingPort } from '../signalling-port.ts'
import { AccountSignalling, type SignallingPorts } from './account-signalling.ts'
import { Receipts } from './receipts.ts'

/** {@link SignallingPort} on real protocols; runs in the signalling worker, or in-process. */
export function createSignalling(ports: SignallingPorts): SignallingPort {
  return new SignallingService(ports)
}

class SignallingService implements SignallingPort {
  readonly #ports: SignallingPorts
  readonly #accounts = new Map<AccountId, AccountSignalling>()
  readonly #turns = new Map<AccountId, Promise<void>>()
  readonly #handlers = new Set<(event: SignallingEvent) => void>()
  readonly #receipts = new Receipts()

  constructor(ports: SignallingPorts) {
    this.#ports = ports
  }

  configure(account: SignallingAccount): Promise<void> {
    return this.#inTurn(account.id, async () => {
      await this.#end(account.id)
      const context = {
        ports: this.#ports,
        receipts: this.#receipts,
        raise: (event: SignallingEvent) => this.#raise(event),
      }
      const signalling = newAccount(account, context)
      this.#accounts.set(account.id, signalling)
      signalling.start()
    })
  }

  remove(accountId: AccountId): Promise<void> {
    return this.#inTurn(accountId, () => this.#end(accountId))
  }

  async #end(accountId: AccountId): Promise<void> {
    const account = this.#accounts.get(accountId)
    this.#accounts.delete(accountId)
    await account?.stop()
  }

  /** One change of an account after the other: two at once would leave one of its user agents running with no owner. */
  #inTurn(accountId: AccountId, run: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(accountId) ?? Promise.resolve()).then(run, run)
    this.#turns.set(accountId, turn)
    const done = (): void => {
      if (this.#turns.get(accountId) === turn) this.#turns.delete(accountId)
    }
    turn.then(done, done)
    return turn
  }

  reconnect(accountId: AccountId): Promise<void> {
    this.#accounts.get(accountId)?.start()
    return Promise.resolve()
  }

  networkChanged(): Promise<void> {
    for (const account of this.#accounts.values()) account.networkChanged()
    return Promise.resolve()
  }

  async send(request: Parameters<SignallingPort['send']>[0]): ReturnType<SignallingPort['send']> {
    const account = this.#accounts.get(request.accountId)
    if (account === undefined) return { ok: false, error: { code: 'not-found', retry: true } }
    return account.send(request)
  }

  typing(...[accountId, to, active]: Parameters<SignallingPort['typing']>): Promise<void> {
    this.#accounts.get(accountId)?.typing(to, active)
    return Promise.resolve()
  }

  accept(receipt: number, status: AcceptStatus = 200): Promise<void> {
    this.#receipts.settle(receipt, status)
    return Promise.resolve()
  }

  refuse(receipt: number, status: number): Promise<void> {
    this.#receipts.settle(receipt, status)
    return Promise.resolve()
  }

  async answerChatSession(session: string, answer: 'accept' | 'ring' | 'decline'): Promise<void> {
    for (const account of this.#accounts.values()) {
      if (await account.answerChatSession(session, answer)) return
    }
  }

  async call(command: CallCommand): Promise<CallReply> {
    for (const account of this.#accounts.values()) {
      const reply = await account.call(command)
      if (reply !== null) return reply
    }
    return { ok: false, error: { status: command.kind === 'place' ? null : 481 } }
  }

  async stop(): Promise<void> {
    const all = new Set([...this.#accounts.keys(), ...this.#turns.keys()])
    await Promise.all([...all].map((accountId) => this.remove(accountId)))
  }

  onEvent(handler: (event: SignallingEvent) => void): () => void {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  #raise(event: SignallingEvent): void {
    for (const handler of [...this.#handlers]) handler(event)
  }
}

function newAccount(...[account, context]: ConstructorParameters<typeof AccountSignalling>): AccountSignalling {
  try {
    return new AccountSignalling(account, context)
  } catch (error) {
    throw new SottoError('address-invalid', {}, error)
  }
}
