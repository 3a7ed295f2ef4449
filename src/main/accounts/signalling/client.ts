/** Main's side of the signalling worker: {@link SignallingPort} over its calls, restarted with all accounts if it dies. */
import type { AccountId } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import { SottoError } from '#shared/errors.ts'
import { startWorker, workerUrl, type WorkerHandle } from '#main/platform/worker-rpc/start-worker.ts'
import type { CallCommand, CallReply } from '../signalling-port-calls.ts'
import type { Credentials, SignallingAccount, SignallingEvent, SignallingPort } from '../signalling-port.ts'
import type { SignallingMethods, SignallingWorkerEvents } from './contract.ts'

/** The started worker as the client uses it. */
export type SignallingWorker = WorkerHandle<SignallingMethods, SignallingWorkerEvents>

interface ClientPorts {
  readonly clock: ClockPort
  readonly log: LogPort
  /** Starts a worker; replaced in tests. */
  readonly start?: () => Promise<SignallingWorker>
}

const restartMs = 1_000

/** Starts the signalling worker. @throws SottoError when it cannot start. */
export async function startSignallingClient(ports: ClientPorts): Promise<SignallingPort> {
  const start = ports.start ?? startRealWorker
  const client = new SignallingClient(ports, start)
  await client.open()
  return client
}

function startRealWorker(): Promise<SignallingWorker> {
  return startWorker({ url: workerUrl('signalling-worker', import.meta.url), start: null })
}

class SignallingClient implements SignallingPort {
  readonly #ports: ClientPorts
  readonly #start: () => Promise<SignallingWorker>
  readonly #handlers = new Set<(event: SignallingEvent) => void>()
  /** To configure a new worker with; holds what the registration taught, no password that was used up. */
  readonly #accounts = new Map<AccountId, SignallingAccount>()
  #worker: SignallingWorker | null = null
  #isStopped = false

  constructor(ports: ClientPorts, start: () => Promise<SignallingWorker>) {
    this.#ports = ports
    this.#start = start
  }

  async open(): Promise<void> {
    const worker = await this.#start()
    this.#worker = worker
    worker.rpc.on('signalling', (event) => this.#handle(event))
    worker.rpc.on('log', ({ level, area, event, fields }) => this.#ports.log.child(area)[level](event, fields))
    worker.onCrash(() => this.#onCrash())
    // One account that cannot be used must not keep the others, or the new worker, from starting.
    for (const account of this.#accounts.values()) await worker.rpc.call('configure', account).catch(() => undefined)
  }

  // Without a worker there is nothing to tell: the next one starts with what is remembered here.

  async configure(account: SignallingAccount): Promise<void> {
    this.#accounts.set(account.id, account)
    await this.#worker?.rpc.call('configure', account)
  }

  async remove(accountId: AccountId): Promise<void> {
    this.#accounts.delete(accountId)
    await this.#worker?.rpc.call('remove', accountId)
  }

  async reconnect(accountId: AccountId): Promise<void> {
    await this.#worker?.rpc.call('reconnect', accountId)
  }

  async networkChanged(): Promise<void> {
    await this.#worker?.rpc.call('networkChanged')
  }

  async send(request: Parameters<SignallingPort['send']>[0]): ReturnType<SignallingPort['send']> {
    try {
      return await this.#rpc().call('send', request)
    } catch (error) {
      // The worker died: the message may or may not have left; its Message-ID makes a second copy harmless.
      if (!(error instanceof SottoError)) throw error
      return { ok: false, error: { code: 'server-unreachable', retry: true } }
    }
  }

  async typing(...args: Parameters<SignallingPort['typing']>): Promise<void> {
    return this.#rpc().call('typing', ...args)
  }

  async accept(...args: Parameters<SignallingPort['accept']>): Promise<void> {
    return this.#rpc().call('accept', ...args)
  }

  async refuse(receipt: number, status: number): Promise<void> {
    return this.#rpc().call('refuse', receipt, status)
  }

  async answerChatSession(...args: Parameters<SignallingPort['answerChatSession']>): Promise<void> {
    return this.#rpc().call('answerChatSession', ...args)
  }

  async call(command: CallCommand): Promise<CallReply> {
    try {
      return await this.#rpc().call('call', command)
    } catch (error) {
      if (!(error instanceof SottoError)) throw error
      return { ok: false, error: { status: null } }
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    const worker = this.#worker
    this.#worker = null
    this.#accounts.clear()
    if (worker === null) return
    await worker.rpc.call('stop').catch(() => undefined)
    await worker.terminate()
  }

  onEvent(handler: (event: SignallingEvent) => void): () => void {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  /** Only from async methods: whoever listens for a rejection must not be thrown at while a new worker starts. */
  #rpc(): SignallingWorker['rpc'] {
    if (this.#worker === null) throw new SottoError('server-unreachable')
    return this.#worker.rpc
  }

  #handle(event: SignallingEvent): void {
    if (event.kind === 'credentials') this.#remember(event.accountId, event.credentials)
    for (const handler of [...this.#handlers]) handler(event)
  }

  #remember(accountId: AccountId, credentials: Credentials): void {
    const account = this.#accounts.get(accountId)
    if (account === undefined) return
    // The worker wiped its copy; this one is ours to wipe.
    account.credentials.password?.fill(0)
    this.#accounts.set(accountId, { ...account, credentials })
  }

  #onCrash(): void {
    this.#worker = null
    this.#ports.log.error('signalling worker ended unexpectedly')
    for (const accountId of this.#accounts.keys()) {
      this.#handle({ kind: 'connection', accountId, connection: { kind: 'offline' } })
    }
    this.#restartLater()
  }

  #restartLater(): void {
    this.#ports.clock.after(restartMs, () => {
      if (this.#isStopped) return
      this.open().catch(() => this.#restartLater())
    })
  }
}
