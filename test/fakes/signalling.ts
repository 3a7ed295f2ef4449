import type {
  AcceptStatus,
  IncomingBody,
  SendFailure,
  SendOutcome,
  SignallingEvent,
  SignallingPort,
} from '#main/accounts/signalling-port.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { Result } from '#shared/result.ts'
import type { SeededRandom } from './seeded-random.ts'

type SendRequest = Parameters<SignallingPort['send']>[0]
type SendResult = Result<SendOutcome, SendFailure>

/** How bad the network is: probabilities, and delays in ms. */
export interface Weather {
  readonly loss: number
  readonly duplication: number
  readonly maxDelayMs: number
  /** Delay of a stored copy: larger than the sender's patience makes copies overtake each other. */
  readonly maxStoreDelayMs: number
}

export const fineWeather: Weather = { loss: 0, duplication: 0, maxDelayMs: 10, maxStoreDelayMs: 10 }
const answerTimeoutMs = 32_000

interface Waiting {
  readonly answer: (status: number) => void
}

/** One device's signalling: an account registered at {@link FakeNetwork}. */
export class FakeSignalling implements SignallingPort {
  readonly accountId: AccountId
  readonly aor: Aor
  readonly displayName: string
  readonly #network: FakeNetwork
  readonly #handlers = new Set<(event: SignallingEvent) => void>()
  readonly #waiting = new Map<number, Waiting>()
  readonly answers: { readonly session: string; readonly answer: string }[] = []
  readonly typed: { readonly to: Aor; readonly active: boolean }[] = []
  /** Statuses this device refused bodies with. */
  readonly refusals: number[] = []
  #receipts = 0
  online = false

  constructor(network: FakeNetwork, account: { readonly id: AccountId; readonly aor: Aor; readonly name: string }) {
    this.#network = network
    this.accountId = account.id
    this.aor = account.aor
    this.displayName = account.name
  }

  /** Registers; what was stored for this device follows. */
  goOnline(): void {
    this.online = true
    this.emit({ kind: 'connection', accountId: this.accountId, connection: { kind: 'registered' } })
    this.#network.flushMailbox(this)
  }

  goOffline(): void {
    this.online = false
    // The connection is gone, which the server notices at once.
    for (const { answer } of this.#waiting.values()) answer(408)
    this.#waiting.clear()
    this.emit({ kind: 'connection', accountId: this.accountId, connection: { kind: 'offline' } })
  }

  emit(event: SignallingEvent): void {
    for (const handler of this.#handlers) handler(event)
  }

  /** Hands a body over; `answer` gets the status, or is never called when the device goes away. */
  deliver(body: Omit<IncomingBody, 'receipt' | 'accountId'>, answer: (status: number) => void): void {
    const receipt = ++this.#receipts
    this.#waiting.set(receipt, { answer })
    this.emit({ kind: 'body', body: { ...body, accountId: this.accountId, receipt } })
  }

  send(request: SendRequest): Promise<SendResult> {
    return this.online
      ? this.#network.send(this, request)
      : Promise.resolve({ ok: false, error: { code: 'server-unreachable', retry: true } })
  }

  accept(receipt: number, status: AcceptStatus = 200): Promise<void> {
    return this.#answer(receipt, status)
  }

  refuse(receipt: number, status: number): Promise<void> {
    this.refusals.push(status)
    return this.#answer(receipt, status)
  }

  #answer(receipt: number, status: number): Promise<void> {
    this.#waiting.get(receipt)?.answer(status)
    this.#waiting.delete(receipt)
    return Promise.resolve()
  }

  typing(_accountId: AccountId, to: Aor, active: boolean): Promise<void> {
    this.typed.push({ to, active })
    return Promise.resolve()
  }

  answerChatSession(session: string, answer: 'accept' | 'ring' | 'decline'): Promise<void> {
    this.answers.push({ session, answer })
    this.#network.answered(session, answer)
    return Promise.resolve()
  }

  /** Messages only. */
  call(): Promise<{ readonly ok: false; readonly error: { readonly status: number | null } }> {
    return Promise.resolve({ ok: false, error: { status: 501 } })
  }

  onEvent(handler: (event: SignallingEvent) => void): () => void {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  configure = (): Promise<void> => Promise.resolve()
  remove = (): Promise<void> => Promise.resolve()
  reconnect = (): Promise<void> => Promise.resolve()
  networkChanged = (): Promise<void> => Promise.resolve()
  stop = (): Promise<void> => Promise.resolve()
}

/**
 * A SIP domain in one process: forks to every device, stores for those that are away (and for those that did not answer),
 * and sends over a chat session where both ends hold one. Loses, repeats and delays as its {@link Weather} says.
 */
export class FakeNetwork {
  readonly #clock: ClockPort
  readonly #random: SeededRandom
  readonly #devices = new Set<FakeSignalling>()
  readonly #mailboxes = new Map<FakeSignalling, Omit<IncomingBody, 'receipt' | 'accountId'>[]>()
  readonly #sessions = new Map<string, { a: FakeSignalling; b: FakeSignalling }>()
  readonly #ringing = new Map<string, (accepted: boolean) => void>()
  /** Every body that was handed in, for tests that look at the wire. */
  readonly wire: { readonly from: Aor; readonly request: SendRequest }[] = []
  /** Content types a receiver answers 415 to. */
  readonly refusedTypes = new Map<Aor, string>()
  weather: Weather = fineWeather
  /** True: senders try a chat session first. */
  msrp = false
  #ids = 0

  constructor(clock: ClockPort, random: SeededRandom) {
    this.#clock = clock
    this.#random = random
  }

  device(account: { readonly id: AccountId; readonly aor: Aor; readonly name: string }): FakeSignalling {
    const device = new FakeSignalling(this, account)
    this.#devices.add(device)
    this.#mailboxes.set(device, [])
    return device
  }

  /** The device restarts with what the server stored for it. */
  restart(device: FakeSignalling): FakeSignalling {
    device.goOffline()
    this.#devices.delete(device)
    const next = this.device({ id: device.accountId, aor: device.aor, name: device.displayName })
    this.#mailboxes.set(next, this.#mailboxes.get(device) ?? [])
    this.#mailboxes.delete(device)
    for (const [key, { a, b }] of this.#sessions) if (a === device || b === device) this.#sessions.delete(key)
    return next
  }

  async send(from: FakeSignalling, request: SendRequest): Promise<SendResult> {
    this.wire.push({ from: from.aor, request })
    await this.#delay(this.weather.maxDelayMs)
    const overSession = await this.#sendOverSession(from, request)
    if (overSession !== null) return overSession
    if (this.#lost()) return this.#timedOut()
    const status = await this.#fork(from, request)
    if (this.#lost()) return this.#timedOut()
    if (status < 300) return { ok: true, value: { path: 'sip-message', state: status === 200 ? 'delivered' : 'sent' } }
    return { ok: false, error: { code: 'send-refused', retry: status >= 500 && status < 600, status } }
  }

  async #timedOut(): Promise<SendResult> {
    await this.#delay(answerTimeoutMs, answerTimeoutMs)
    return { ok: false, error: { code: 'send-timed-out', retry: true, status: 408 } }
  }

  async #fork(from: FakeSignalling, request: SendRequest): Promise<number> {
    const to = request.to as Aor
    const targets = [...this.#devices].filter((device) => device.aor === to)
    if (targets.length === 0) return 404
    if (this.refusedTypes.get(to) === request.body.contentType) return 415
    const body = this.#body(from, to, request)
    const refusals = targets.map((device) => this.#deliverOrStore(device, body))
    const known = await Promise.race([Promise.all(refusals), this.#delay(200, 200).then(() => [])])
    return known.find((status) => status >= 300) ?? known.find((status) => status === 200) ?? 202
  }

  #body(from: FakeSignalling, to: Aor, request: SendRequest): Omit<IncomingBody, 'receipt' | 'accountId'> {
    return {
      ...{ path: 'sip-message', from: from.aor, fromName: from.displayName, to, storedAt: null },
      contentType: request.body.contentType,
      payload: request.body.payload,
      transportId: request.messageId,
      fromSelf: from.aor === to,
    }
  }

  /** Resolves with the device's status; a device that does not answer gets its copy again when it registers. */
  async #deliverOrStore(device: FakeSignalling, body: Omit<IncomingBody, 'receipt' | 'accountId'>): Promise<number> {
    if (!device.online) {
      this.#mailboxes.get(device)?.push(body)
      return 202
    }
    const times = this.#random.unit() < this.weather.duplication ? 2 : 1
    const answers = Array.from({ length: times }, async () => {
      await this.#delay(this.weather.maxStoreDelayMs)
      return this.#deliverOnce(device, body)
    })
    return Math.max(...(await Promise.all(answers)))
  }

  async #deliverOnce(device: FakeSignalling, body: Omit<IncomingBody, 'receipt' | 'accountId'>): Promise<number> {
    const status = await Promise.race([
      new Promise<number>((resolve) => {
        if (device.online) device.deliver(body, resolve)
        else resolve(408)
      }),
      this.#delay(answerTimeoutMs, answerTimeoutMs).then(() => 408),
    ])
    if (status !== 408 && (status < 500 || status >= 600)) return status
    // Not answered: the mailbox of the device that took its place keeps it.
    const place = [...this.#devices].find((other) => other.accountId === device.accountId && other.aor === device.aor)
    if (place !== undefined) this.#mailboxes.get(place)?.push(body)
    if (place?.online === true) this.flushMailbox(place)
    return 202
  }

  flushMailbox(device: FakeSignalling): void {
    const stored = this.#mailboxes.get(device) ?? []
    this.#mailboxes.set(device, [])
    for (const body of stored) void this.#deliverOrStore(device, body)
  }

  async #sendOverSession(from: FakeSignalling, request: SendRequest): Promise<SendResult | null> {
    if (!this.msrp || request.prefer !== 'msrp' || request.to === from.aor) return null
    const peer = this.#sessionPeer(from, request.to as Aor) ?? (await this.#invite(from, request.to as Aor))
    if (peer === null || !peer.online || !from.online) return null
    if (this.#lost()) return this.#timedOut()
    const body = { ...this.#body(from, request.to as Aor, request), path: 'msrp' as const }
    const status = await Promise.race([
      new Promise<number>((resolve) => peer.deliver(body, resolve)),
      this.#delay(answerTimeoutMs, answerTimeoutMs).then(() => 408),
    ])
    if (status === 408 || this.#lost()) return this.#timedOut()
    if (status < 300) return { ok: true, value: { path: 'msrp', state: 'delivered' } }
    return { ok: false, error: { code: 'send-refused', retry: false, status } }
  }

  #sessionPeer(from: FakeSignalling, to: Aor): FakeSignalling | null {
    for (const { a, b } of this.#sessions.values()) {
      if (a === from && b.aor === to && b.online) return b
      if (b === from && a.aor === to && a.online) return a
    }
    return null
  }

  /** Rings every device of the peer; the first that accepts within 3 s has the session. */
  async #invite(from: FakeSignalling, to: Aor): Promise<FakeSignalling | null> {
    const devices = [...this.#devices].filter((device) => device.aor === to && device.online)
    const accepted = devices.map(
      (device) =>
        new Promise<FakeSignalling>((resolve) => {
          const session = `session-${++this.#ids}`
          this.#ringing.set(session, (yes) => {
            if (yes) resolve(device)
          })
          const chat = { accountId: device.accountId, session, from: from.aor, fromName: from.displayName }
          device.emit({ kind: 'chat-session', chat })
        }),
    )
    const first = await Promise.race([...accepted, this.#delay(3000, 3000).then(() => null)])
    if (first !== null) this.#sessions.set(`s${++this.#ids}`, { a: from, b: first })
    return first
  }

  answered(session: string, answer: 'accept' | 'ring' | 'decline'): void {
    if (answer !== 'ring') this.#ringing.get(session)?.(answer === 'accept')
  }

  #lost(): boolean {
    return this.#random.unit() < this.weather.loss
  }

  #delay(maxMs: number, minMs = 0): Promise<void> {
    const delayMs = minMs + this.#random.below(Math.max(1, maxMs - minMs))
    return new Promise((resolve) => this.#clock.after(delayMs, resolve))
  }
}
