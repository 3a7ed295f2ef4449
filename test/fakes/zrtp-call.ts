/** Two ZRTP streams on a simulated network: time, loss and order by a seed, everything else as in the program. */
import { defaultPreferences } from '#protocol/zrtp/algorithms.ts'
import { keepForEver } from '#protocol/zrtp/confirm.ts'
import type { SrtpKeys, ZrtpEvent } from '#protocol/zrtp/events.ts'
import { nodeKeyAgreement } from '#protocol/zrtp/key-agreement.ts'
import type { RetainedSecrets } from '#protocol/zrtp/secrets.ts'
import { ZrtpSession } from '#protocol/zrtp/session.ts'
import { ZrtpStream, type ZrtpStreamOptions } from '#protocol/zrtp/stream.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import { SeededRandom } from './seeded-random.ts'

/** Time that runs from one due step to the next without waiting. */
export class SimulatedTime implements ClockPort {
  #now = 0
  #order = 0
  #due: { readonly at: number; readonly order: number; readonly run: () => void }[] = []

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  after(delayMs: number, run: () => void): Timer {
    const step = { at: this.#now + Math.max(0, delayMs), order: this.#order++, run }
    this.#due.push(step)
    return { cancel: () => (this.#due = this.#due.filter((each) => each !== step)) }
  }

  /** Timers that have not run. */
  get waiting(): number {
    return this.#due.length
  }

  /** Runs what is due within `ms`, in order; stops early once `until` holds. */
  run(ms: number, until: () => boolean = () => false): void {
    const end = this.#now + ms
    while (!until()) {
      const next = this.#due.toSorted((a, b) => a.at - b.at || a.order - b.order)[0]
      if (next === undefined || next.at > end) break
      this.#due = this.#due.filter((each) => each !== next)
      this.#now = next.at
      next.run()
    }
    if (!until()) this.#now = end
  }
}

export interface NetworkFaults {
  /** Share of packets that get lost, and that arrive twice. */
  readonly loss: number
  readonly duplication: number
  /** Delay of a packet, milliseconds: uniform in between, so later ones overtake. */
  readonly delayMs: readonly [number, number]
}

export const goodNetwork: NetworkFaults = { loss: 0, duplication: 0, delayMs: [5, 5] }

export interface EndOptions extends Partial<Omit<ZrtpStreamOptions, 'clock' | 'random' | 'send' | 'onEvent'>> {
  /** What the cache answers; `undefined` leaves the question open. */
  readonly retained?: RetainedSecrets | null | undefined
  readonly answersSecrets?: boolean
}

/** One end and all that it said. */
export class CallEnd {
  readonly stream: ZrtpStream
  readonly session: ZrtpSession
  readonly events: ZrtpEvent[] = []
  readonly sent: Uint8Array[] = []
  /** Where packets go; a man in the middle sits here. */
  onSend: (packet: Uint8Array) => void = () => undefined

  constructor(clock: ClockPort, random: SeededRandom, options: EndOptions) {
    const { retained = null, answersSecrets = true, ...rest } = options
    this.session = rest.session ?? new ZrtpSession()
    this.stream = new ZrtpStream({
      zid: random.bytes(12),
      ssrc: new DataView(random.bytes(4).buffer).getUint32(0),
      preferences: defaultPreferences,
      place: 'first',
      passive: false,
      auxSecret: null,
      cacheExpiration: keepForEver,
      keyAgreement: nodeKeyAgreement,
      ...rest,
      session: this.session,
      clock,
      random,
      send: (packet) => {
        this.sent.push(packet)
        this.onSend(packet)
      },
      onEvent: (event) => {
        this.events.push(event)
        if (event.kind === 'need-secrets' && answersSecrets) this.stream.provideSecrets(retained)
      },
    })
  }

  get secure(): (ZrtpEvent & { readonly kind: 'secure' }) | undefined {
    return this.events.find((event) => event.kind === 'secure')
  }

  get failure(): string | undefined {
    return this.events.find((event) => event.kind === 'failed')?.reason
  }

  get alarms(): readonly string[] {
    return this.events.filter((event) => event.kind === 'alarm').map(({ what }) => what)
  }

  keys(direction: 'send' | 'receive'): SrtpKeys | undefined {
    return this.events.filter((event) => event.kind === 'keys').find((event) => event.direction === direction)?.keys
  }
}

/** Two ends and the network between them. */
export class SimulatedCall {
  readonly time = new SimulatedTime()
  readonly random: SeededRandom
  readonly alice: CallEnd
  readonly bob: CallEnd
  faults: NetworkFaults

  constructor(seed: string | number, alice: EndOptions = {}, bob: EndOptions = {}, faults = goodNetwork) {
    this.random = new SeededRandom(`${seed} network`)
    this.faults = faults
    this.alice = new CallEnd(this.time, new SeededRandom(`${seed} alice`), alice)
    this.bob = new CallEnd(this.time, new SeededRandom(`${seed} bob`), bob)
    this.connect(this.alice, this.bob)
  }

  /** Lets packets flow between two ends. */
  connect(one: CallEnd, other: CallEnd): void {
    one.onSend = (packet) => this.carry(packet, other)
    other.onSend = (packet) => this.carry(packet, one)
  }

  /** Brings a packet to an end, or not, as the network likes. */
  carry(packet: Uint8Array, to: CallEnd): void {
    const { loss, duplication, delayMs } = this.faults
    const copies = this.random.unit() < loss ? 0 : this.random.unit() < duplication ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) {
      const [least, most] = delayMs
      this.time.after(least + this.random.unit() * (most - least), () => to.stream.receive(packet))
    }
  }

  /** Starts both, Bob `laterMs` after Alice, and runs until both are secure or 40 s have passed. */
  run(laterMs = 0): this {
    this.alice.stream.start()
    if (laterMs === 0) this.bob.stream.start()
    else this.time.after(laterMs, () => this.bob.stream.start())
    this.time.run(40_000, () => this.isSecure)
    return this
  }

  get isSecure(): boolean {
    return this.alice.secure !== undefined && this.bob.secure !== undefined
  }
}

/** Hexadecimal of the keys that `from` sends under and `to` receives under. */
export function keyTexts(from: CallEnd, to: CallEnd): readonly [string, string] {
  const text = (keys: SrtpKeys | undefined): string =>
    keys === undefined ? 'none' : `${keys.profile} ${hexOf(keys.key)} ${hexOf(keys.salt)}`
  return [text(from.keys('send')), text(to.keys('receive'))]
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
