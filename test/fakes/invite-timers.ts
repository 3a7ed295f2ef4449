/**
 * How a call comes up by the timers of RFC 3261 §17 and §13 alone, over UDP to a server that asks for a password first: who waits
 * for what, when it is said again, what gets lost. No messages, and nothing of the program but the clock.
 */
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { SeededRandom } from './seeded-random.ts'
import { SimulatedTime } from './zrtp-call.ts'

export interface LossyLink {
  /** Share of datagrams that get lost between caller and server, each way. */
  readonly loss: number
  /** One way of every link, milliseconds: uniform in between. */
  readonly delayMs: readonly [number, number]
}

const t1 = 500
const t2 = 4_000
const giveUpMs = 64 * t1

/** Says something at once and again after 500 ms, 1 s, 2 s … until stopped; `over` after 32 s. */
class Again {
  #timers: readonly Timer[]
  #intervalMs = t1
  readonly #clock: ClockPort
  readonly #capMs: number
  readonly #say: () => void

  constructor(
    clock: ClockPort,
    options: { readonly capMs: number; readonly say: () => void; readonly over: () => void },
  ) {
    this.#clock = clock
    this.#capMs = options.capMs
    this.#say = options.say
    this.#timers = [this.#next(), clock.after(giveUpMs, options.over)]
    options.say()
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel()
  }

  #next(): Timer {
    return this.#clock.after(this.#intervalMs, () => {
      this.#intervalMs = Math.min(2 * this.#intervalMs, this.#capMs)
      this.#timers = [this.#next(), ...this.#timers.slice(1)]
      this.#say()
    })
  }
}

type Word = 'INVITE' | '407' | 'ACK of 407' | 'INVITE with password' | 'ringing' | '200' | 'ACK'

class ModelledCall {
  readonly time = new SimulatedTime()
  upAt: number | null = null
  hasFailed = false
  readonly #link: LossyLink
  readonly #random: SeededRandom
  #inviting: Again | null = null
  #challenging: Again | null = null
  #accepting: Again | null = null
  #hasPassword = false
  #isCalled = false

  constructor(link: LossyLink, random: SeededRandom) {
    this.#link = link
    this.#random = random
  }

  start(): void {
    this.#inviting = this.#repeat('INVITE', Infinity)
  }

  #repeat(word: Word, capMs: number, hops = 1): Again {
    const over = (): void => void (this.hasFailed = true)
    return new Again(this.time, { capMs, say: () => this.#say(word, hops), over })
  }

  /** Over `hops` links, one of which loses. */
  #say(word: Word, hops = 1): void {
    const [least, most] = this.#link.delayMs
    if (this.#random.unit() < this.#link.loss) return
    const delay = (): number => least + this.#random.unit() * (most - least)
    const total = Array.from({ length: hops }, delay).reduce((sum, one) => sum + one, 0)
    this.time.after(total, () => this.#hear(word))
  }

  #hear(word: Word): void {
    if (word === 'INVITE') this.#challenge()
    else if (word === 'ACK of 407') this.#challenging?.stop()
    else if (word === 'INVITE with password') this.#called()
    else if (word === 'ACK') {
      this.#accepting?.stop()
      this.upAt ??= this.time.monotonic()
    } else this.#answered(word)
  }

  #challenge(): void {
    if (this.#challenging === null) this.#challenging = this.#repeat('407', t2)
    else this.#say('407')
  }

  #called(): void {
    // What was accepted is said again by itself, not because the question is.
    if (this.#accepting === null) this.#say('ringing')
    if (this.#isCalled) return
    this.#isCalled = true
    const [least, most] = this.#link.delayMs
    // To the other side, which answers at once.
    this.time.after(least + this.#random.unit() * (most - least), () => {
      this.#say('ringing', 2)
      this.#accepting = this.#repeat('200', t2, 2)
    })
  }

  #answered(word: Word): void {
    if (word === '407') {
      this.#say('ACK of 407')
      if (this.#hasPassword) return
      this.#hasPassword = true
      this.#inviting?.stop()
      this.#inviting = this.#repeat('INVITE with password', Infinity)
      return
    }
    this.#inviting?.stop()
    if (word === '200') this.#say('ACK', 2)
  }
}

/** Milliseconds from the first INVITE to both ends up; null where it never came to that. */
export function modelledSetUp(link: LossyLink, random: SeededRandom): number | null {
  const call = new ModelledCall(link, random)
  call.start()
  call.time.run(100_000, () => call.upAt !== null)
  return call.upAt
}
