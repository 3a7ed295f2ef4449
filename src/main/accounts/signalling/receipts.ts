/** Numbers under which senders wait for `accept` or `refuse`. */

/** Answers one sender with a status; 200 and 202 = taken. */
export type Answer = (status: number) => void

/** Senders beyond this are forgotten, oldest first: they run into their time-outs and come again. */
const maxWaiting = 4_096

export class Receipts {
  readonly #waiting = new Map<number, Answer>()
  #next = 1

  /** The number for a new sender. */
  issue(answer: Answer): number {
    const receipt = this.#next++
    this.#waiting.set(receipt, answer)
    if (this.#waiting.size > maxWaiting) this.#waiting.delete(this.#waiting.keys().next().value ?? 0)
    return receipt
  }

  /** Answers once; unknown numbers do nothing. */
  settle(receipt: number, status: number): void {
    const answer = this.#waiting.get(receipt)
    this.#waiting.delete(receipt)
    answer?.(status)
  }
}
