/**
 * How a ZRTP handshake fares by the timers of RFC 6189 §6 alone: who waits for what, when it is said again, what gets lost. No
 * messages, no keys, and nothing of the program but the clock: what the program itself does is held against it.
 */
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { SeededRandom } from './seeded-random.ts'
import { SimulatedTime } from './zrtp-call.ts'

export interface LossyLine {
  /** Share of packets that get lost, each way. */
  readonly loss: number
  /** One way, milliseconds: uniform in between. */
  readonly delayMs: readonly [number, number]
  /** Between two packets of media, once keys may be used; they stand for Conf2ACK. */
  readonly mediaMs: number
}

/** First interval, longest interval, repetitions (RFC 6189 §6). */
type Timing = readonly [firstMs: number, capMs: number, times: number]
/** T1 of those who know from `a=zrtp-hash` that the other side speaks ZRTP: as many as 12 s take. */
const t1: Timing = [50, 200, 62]
const t2: Timing = [150, 1200, 10]

type Word = 'Hello' | 'HelloACK' | 'Commit' | 'DHPart1' | 'DHPart2' | 'Confirm1' | 'Confirm2' | 'Conf2ACK' | 'media'
const answers: ReadonlyMap<Word, Word> = new Map([
  ['Hello', 'HelloACK'],
  ['Commit', 'DHPart1'],
  ['DHPart2', 'Confirm1'],
  ['Confirm2', 'Conf2ACK'],
])
/** What the initiator says next when it hears the answer to the last. */
const next: ReadonlyMap<Word, Word> = new Map([
  ['DHPart1', 'DHPart2'],
  ['Confirm1', 'Confirm2'],
])

class TimerEnd {
  securedAt: number | null = null
  hasFailed = false
  readonly #clock: ClockPort
  readonly #say: (word: Word) => void
  /** Drawn before: of two that commit, the higher stays. */
  readonly #hvi: number
  #asked: Word | null = null
  #role: 'none' | 'initiator' | 'responder' = 'none'
  #hasHello = false
  #isAcknowledged = false
  #timer: Timer | null = null

  constructor(clock: ClockPort, hvi: number, say: (word: Word) => void) {
    this.#clock = clock
    this.#hvi = hvi
    this.#say = say
  }

  start(): void {
    this.#ask('Hello', t1)
  }

  hear(word: Word, theirHvi: number): void {
    if (this.hasFailed) return
    if (word === 'Hello') this.#onHello()
    else if (word === 'HelloACK') this.#isAcknowledged = true
    else if (word === 'Commit') this.#onCommit(theirHvi)
    else if (answers.has(word)) this.#onQuestion(word)
    else this.#onAnswer(word)
    if (this.#role === 'none' && this.#hasHello && this.#isAcknowledged) {
      this.#role = 'initiator'
      this.#ask('Commit', t2)
    }
  }

  #onHello(): void {
    this.#hasHello = true
    this.#say('HelloACK')
  }

  #onCommit(theirHvi: number): void {
    // Without a Hello there is nobody to answer; a Commit that wins silences ours.
    if (!this.#hasHello || (this.#role === 'initiator' && (this.#asked !== 'Commit' || this.#hvi > theirHvi))) return
    if (this.#role !== 'responder') this.#rest()
    this.#role = 'responder'
    if (this.securedAt === null) this.#say('DHPart1')
  }

  #onQuestion(question: Word): void {
    const answer = answers.get(question)
    if (this.#role !== 'responder' || answer === undefined) return
    this.#say(answer)
    if (question === 'Confirm2') this.#secure()
  }

  #onAnswer(word: Word): void {
    if (this.#role !== 'initiator') return
    const isExpected = this.#asked !== null && answers.get(this.#asked) === word
    if (this.#asked === 'Confirm2' && (isExpected || word === 'media')) this.#secure()
    else if (isExpected) this.#ask(next.get(word) ?? 'Confirm2', t2)
  }

  #secure(): void {
    this.#rest()
    this.securedAt ??= this.#clock.monotonic()
  }

  #rest(): void {
    this.#timer?.cancel()
    this.#asked = null
  }

  #ask(word: Word, [firstMs, capMs, times]: Timing): void {
    this.#timer?.cancel()
    this.#asked = word
    let [count, delayMs] = [0, firstMs]
    const again = (): void => {
      if (count >= times) {
        this.hasFailed = true
        return
      }
      if (word !== 'Hello' || !this.#isAcknowledged) this.#say(word)
      count += 1
      delayMs = Math.min(2 * delayMs, capMs)
      this.#timer = this.#clock.after(delayMs, again)
    }
    this.#say(word)
    this.#timer = this.#clock.after(delayMs, again)
  }
}

/** Milliseconds from the first Hello to both ends secure; null where it never came to that. */
export function modelledHandshake(
  { loss, delayMs: [least, most], mediaMs }: LossyLine,
  random: SeededRandom,
): number | null {
  const time = new SimulatedTime()
  const hvis = [random.unit(), random.unit()] as const
  const carry = (word: Word, from: 0 | 1): void => {
    if (random.unit() < loss) return
    time.after(least + random.unit() * (most - least), () => ends[from === 0 ? 1 : 0].hear(word, hvis[from]))
  }
  const ends = [
    new TimerEnd(time, hvis[0], (word) => carry(word, 0)),
    new TimerEnd(time, hvis[1], (word) => carry(word, 1)),
  ] as const
  const isOver = (): boolean => ends.every(({ securedAt }) => securedAt !== null)
  const media = (): void => {
    for (const from of [0, 1] as const) if (ends[from].securedAt !== null) carry('media', from)
    time.after(mediaMs, media)
  }
  media()
  for (const end of ends) end.start()
  time.run(60_000, () => isOver() || ends.some(({ hasFailed }) => hasFailed))
  return isOver() ? Math.max(...ends.map(({ securedAt }) => securedAt ?? 0)) : null
}
