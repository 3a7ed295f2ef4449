/**
 * One signalling across locks: sessions attach to it one after the other and the registrations go on in between. What comes
 * in goes to the session, waits while one opens, and goes to the standby while there is none.
 */
import type { AccountId } from '#shared/model/ids.ts'
import type { CallCommand, CallReply } from '../signalling-port-calls.ts'
import type {
  AcceptStatus,
  Credentials,
  IncomingBody,
  SignallingAccount,
  SignallingEvent,
  SignallingPort,
} from '../signalling-port.ts'
import { PendingEvents } from './pending-events.ts'

/** What the standby may answer with. */
export type StandbyLine = Pick<SignallingPort, 'accept' | 'refuse' | 'answerChatSession' | 'call'>

/** What listens while no session does. */
export interface StandbyPort {
  handle(event: SignallingEvent, line: StandbyLine): void
  /** A session takes over: resolves when everything it was given is dealt with. */
  release(): Promise<void>
}

/** The signalling as one session has it; `stop` gives it back. */
export interface AttachedSignalling extends SignallingPort {
  /** Hands a body over as if it came in now; resolves with the status it is answered with, 408 when the session ends first. */
  replay(body: Omit<IncomingBody, 'receipt'>): Promise<number>
  /** From now on events come as they happen; until then they wait. */
  flow(): void
}

const sessionEnded = 408

export class KeptSignalling {
  readonly #client: SignallingPort
  readonly #standby: StandbyPort
  readonly #pending = new PendingEvents()
  readonly #configured = new Map<AccountId, SignallingAccount>()
  readonly #line: StandbyLine
  #session: Session | null = null

  constructor(client: SignallingPort, standby: StandbyPort) {
    this.#client = client
    this.#standby = standby
    this.#line = answering(client, this.#pending)
    client.onEvent((event) => this.#hear(event))
  }

  /** Waits until the standby has dealt with what it got, and gives the next session everything since. */
  async attach(): Promise<AttachedSignalling> {
    const session = new Session(this.#client, this.#pending, {
      configure: (account) => this.#configure(account),
      remove: (account) => this.#remove(account),
      end: () => this.#detach(session),
    })
    this.#session = session
    // The bodies are the standby's to answer.
    for (const event of this.#pending.waiting()) if (event.kind !== 'body') session.take(event)
    await this.#standby.release()
    return session
  }

  /** While no session tells it. */
  networkChanged(): Promise<void> {
    return this.#client.networkChanged()
  }

  async stop(): Promise<void> {
    this.#session = null
    await this.#client.stop()
  }

  #hear(event: SignallingEvent): void {
    this.#pending.hear(event)
    if (event.kind === 'credentials') this.#learn(event.accountId, event.credentials)
    if (this.#session === null) this.#standby.handle(event, this.#line)
    else this.#session.take(event)
  }

  /** What the last session left open is the standby's now. */
  #detach(session: Session): void {
    if (this.#session !== session) return
    this.#session = null
    for (const event of this.#pending.waiting()) this.#standby.handle(event, this.#line)
  }

  #learn(id: AccountId, credentials: Credentials): void {
    const account = this.#configured.get(id)
    if (account !== undefined) this.#configured.set(id, { ...account, credentials: { ...credentials, password: null } })
  }

  /** A registration that stands as it is wanted goes on: the other side must not see a device leave and come back. */
  async #configure(account: SignallingAccount): Promise<void> {
    const known = this.#configured.get(account.id)
    this.#configured.set(account.id, account)
    if (known !== undefined && this.#pending.isRegistered(account.id) && isSame(known, account)) {
      for (const event of this.#pending.connectionOf(account.id)) this.#session?.take(event)
      return
    }
    this.#pending.forget(account.id)
    await this.#client.configure(account)
  }

  async #remove(id: AccountId): Promise<void> {
    this.#configured.delete(id)
    this.#pending.forget(id)
    await this.#client.remove(id)
  }
}

function isSame(known: SignallingAccount, wanted: SignallingAccount): boolean {
  return wanted.credentials.password === null && fingerprint(known) === fingerprint(wanted)
}

function fingerprint({ credentials, ...account }: SignallingAccount): string {
  const { username, realm, ha1Md5, ha1Sha256, strongest } = credentials
  const sorted = Object.entries(account).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([sorted, username, realm, ha1Md5, ha1Sha256, strongest])
}

/** Answers that are remembered, so that nobody is asked about the same thing again. */
function answering(client: SignallingPort, pending: PendingEvents): StandbyLine {
  return {
    accept: (receipt, status) => {
      pending.answered(receipt)
      return client.accept(receipt, status)
    },
    refuse: (receipt, status) => {
      pending.answered(receipt)
      return client.refuse(receipt, status)
    },
    answerChatSession: (session, answer) => {
      pending.decided(session, answer)
      return client.answerChatSession(session, answer)
    },
    call: (command) => {
      if (command.kind === 'accept' || command.kind === 'end') pending.settled(command.call)
      return client.call(command)
    },
  }
}

interface SessionEnds {
  readonly configure: (account: SignallingAccount) => Promise<void>
  readonly remove: (account: AccountId) => Promise<void>
  readonly end: () => void
}

class Session implements AttachedSignalling {
  readonly #client: SignallingPort
  readonly #pending: PendingEvents
  readonly #line: StandbyLine
  readonly #ends: SessionEnds
  readonly #handlers = new Set<(event: SignallingEvent) => void>()
  /** Bodies that are no sender's: their receipts count down from -1. */
  readonly #replays = new Map<number, (status: number) => void>()
  #nextReplay = -1
  /** Null once events flow. */
  #held: SignallingEvent[] | null = []
  /** What this session configured: the second time means that something shall be done. */
  readonly #known = new Set<AccountId>()

  constructor(client: SignallingPort, pending: PendingEvents, ends: SessionEnds) {
    this.#client = client
    this.#pending = pending
    this.#line = answering(client, pending)
    this.#ends = ends
  }

  take(event: SignallingEvent): void {
    if (this.#held !== null) this.#held.push(event)
    else this.#raise(event)
  }

  flow(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const event of held) this.#raise(event)
  }

  replay(body: Omit<IncomingBody, 'receipt'>): Promise<number> {
    const receipt = this.#nextReplay--
    return new Promise((resolve) => {
      this.#replays.set(receipt, resolve)
      this.#raise({ kind: 'body', body: { ...body, receipt } })
    })
  }

  configure(account: SignallingAccount): Promise<void> {
    if (!this.#known.has(account.id)) {
      this.#known.add(account.id)
      return this.#ends.configure(account)
    }
    this.#pending.forget(account.id)
    return this.#ends.configure(account)
  }

  remove(account: AccountId): Promise<void> {
    return this.#ends.remove(account)
  }

  reconnect(account: AccountId): Promise<void> {
    return this.#client.reconnect(account)
  }

  networkChanged(): Promise<void> {
    return this.#client.networkChanged()
  }

  send(...args: Parameters<SignallingPort['send']>): ReturnType<SignallingPort['send']> {
    return this.#client.send(...args)
  }

  typing(...args: Parameters<SignallingPort['typing']>): Promise<void> {
    return this.#client.typing(...args)
  }

  accept(receipt: number, status: AcceptStatus = 200): Promise<void> {
    return receipt < 0 ? this.#replayed(receipt, status) : this.#line.accept(receipt, status)
  }

  refuse(receipt: number, status: number): Promise<void> {
    return receipt < 0 ? this.#replayed(receipt, status) : this.#line.refuse(receipt, status)
  }

  answerChatSession(...args: Parameters<SignallingPort['answerChatSession']>): Promise<void> {
    return this.#line.answerChatSession(...args)
  }

  call(command: CallCommand): Promise<CallReply> {
    return this.#line.call(command)
  }

  onEvent(handler: (event: SignallingEvent) => void): () => void {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  /** The registrations go on: only this session is over. */
  stop(): Promise<void> {
    this.#handlers.clear()
    for (const resolve of this.#replays.values()) resolve(sessionEnded)
    this.#replays.clear()
    this.#ends.end()
    return Promise.resolve()
  }

  #replayed(receipt: number, status: number): Promise<void> {
    this.#replays.get(receipt)?.(status)
    this.#replays.delete(receipt)
    return Promise.resolve()
  }

  #raise(event: SignallingEvent): void {
    for (const handler of [...this.#handlers]) handler(event)
  }
}
