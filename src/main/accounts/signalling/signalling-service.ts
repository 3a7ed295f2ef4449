import { SottoError } from '#shared/errors.ts'
import type { AccountId } from '#shared/model/ids.ts'
import type { SignallingAccount, SignallingEvent, SignallingPort } from '../signalling-port.ts'
import { AccountSignalling, type SignallingPorts } from './account-signalling.ts'
import { Receipts } from './receipts.ts'

/** {@link SignallingPort} on real protocols; runs in the signalling worker, or in-process. */
export function createSignalling(ports: SignallingPorts): SignallingPort {
  return new SignallingService(ports)
}

class SignallingService implements SignallingPort {
  readonly #ports: SignallingPorts
  readonly #accounts = new Map<AccountId, AccountSignalling>()
  readonly #handlers = new Set<(event: SignallingEvent) => void>()
  readonly #receipts = new Receipts()

  constructor(ports: SignallingPorts) {
    this.#ports = ports
  }

  async configure(account: SignallingAccount): Promise<void> {
    await this.remove(account.id)
    const context = {
      ports: this.#ports,
      receipts: this.#receipts,
      raise: (event: SignallingEvent) => this.#raise(event),
    }
    const signalling = newAccount(account, context)
    this.#accounts.set(account.id, signalling)
    signalling.start()
  }

  async remove(accountId: AccountId): Promise<void> {
    const account = this.#accounts.get(accountId)
    this.#accounts.delete(accountId)
    await account?.stop()
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
    return account.send(request.to, request.body, request.prefer)
  }

  typing(...[accountId, to, active]: Parameters<SignallingPort['typing']>): Promise<void> {
    this.#accounts.get(accountId)?.typing(to, active)
    return Promise.resolve()
  }

  accept(receipt: number): Promise<void> {
    this.#receipts.settle(receipt, 200)
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

  async stop(): Promise<void> {
    await Promise.all([...this.#accounts.keys()].map((accountId) => this.remove(accountId)))
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
