/** What waits to be written: appends share a transaction and its one wait for the disk, anything else is alone. */
import { storageFailure } from './storage-failure.ts'

/** Appends of one transaction at most, and the bytes of their batches. */
const maxGroup = 256
const maxGroupBytes = 4 * 1_048_576

/** Tells whoever waits how it ended. */
type Answer = () => void

type Waiting<Day> = { readonly reject: (error: unknown) => void } & (
  | { readonly kind: 'append'; readonly bytes: number; readonly run: (day: Day) => Answer }
  | { readonly kind: 'alone'; readonly run: () => Answer }
)

/** `Day` is what appends are given to write into. */
export class WriteQueue<Day> {
  readonly #transaction: (run: (day: Day) => void) => void
  readonly #waiting: Waiting<Day>[] = []
  #isScheduled = false
  #isClosed = false

  /** @param transaction - runs appends so that all are durable when it returns, and none is there when it throws. */
  constructor(transaction: (run: (day: Day) => void) => void) {
    this.#transaction = transaction
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** @param bytes - of the batch. */
  append<T>(bytes: number, run: (day: Day) => T): Promise<T> {
    return this.#push<T>((resolve, reject) => ({
      kind: 'append',
      bytes,
      reject,
      run: (day) => answering(resolve, run(day)),
    }))
  }

  alone<T>(run: () => T): Promise<T> {
    return this.#push<T>((resolve, reject) => ({ kind: 'alone', reject, run: () => answering(resolve, run()) }))
  }

  /** Does what waits; everything later is rejected. */
  close(): void {
    this.#isClosed = true
    this.#flushAll()
  }

  #push<T>(make: (resolve: (result: T) => void, reject: (error: unknown) => void) => Waiting<Day>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new Error('the store is closed'))
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push(make(resolve, reject))
      if (this.#isScheduled) return
      this.#isScheduled = true
      // What arrives in the same turn, or while the disk is waited for, goes together.
      setImmediate(() => {
        this.#isScheduled = false
        this.#flushAll()
      })
    })
  }

  #flushAll(): void {
    while (this.#waiting.length > 0) this.#flush(this.#takeGroup())
  }

  #takeGroup(): readonly Waiting<Day>[] {
    let [count, bytes] = [0, 0]
    for (const each of this.#waiting.slice(0, maxGroup)) {
      if (each.kind === 'alone' || (count > 0 && bytes + each.bytes > maxGroupBytes)) break
      bytes += each.bytes
      count += 1
    }
    return this.#waiting.splice(0, Math.max(1, count))
  }

  #flush(group: readonly Waiting<Day>[]): void {
    let answers: readonly Answer[]
    try {
      answers = this.#run(group)
    } catch (error) {
      this.#refuse(group, error)
      return
    }
    for (const answer of answers) answer()
  }

  #run(group: readonly Waiting<Day>[]): readonly Answer[] {
    const answers: Answer[] = []
    const [first] = group
    if (first?.kind === 'alone') return [first.run()]
    this.#transaction((day) => {
      for (const each of group) answers.push(each.run(day))
    })
    return answers
  }

  /** What fails one append of many leaves the others alone. */
  #refuse(group: readonly Waiting<Day>[], error: unknown): void {
    if (group.length > 1) for (const each of group) this.#flush([each])
    else group[0]?.reject(storageFailure(error))
  }
}

function answering<T>(resolve: (result: T) => void, result: T): Answer {
  return () => resolve(result)
}
