/** Longest message Chromium may send us, in bytes: a hostile page cannot make us hold more. */
export const maxFrameBytes = 160 * 1024 * 1024

/** Splits the pipe's byte stream into NUL-terminated messages; holds at most one unfinished message. */
export class FrameSplitter {
  readonly #limit: number
  #parts: Buffer[] = []
  #held = 0

  constructor(limit = maxFrameBytes) {
    this.#limit = limit
  }

  /** Returns the messages that `chunk` completes. @throws RangeError if a message exceeds the limit. */
  push(chunk: Buffer): string[] {
    const frames: string[] = []
    let start = 0
    for (let end = chunk.indexOf(0); end >= 0; end = chunk.indexOf(0, start)) {
      frames.push(this.#finish(chunk.subarray(start, end)))
      start = end + 1
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start))
    return frames
  }

  #hold(rest: Buffer): void {
    this.#held += rest.length
    if (this.#held > this.#limit) throw new RangeError('frame exceeds the limit')
    this.#parts.push(rest)
  }

  #finish(last: Buffer): string {
    if (this.#parts.length === 0) return last.toString('utf8')
    this.#hold(last)
    const whole = Buffer.concat(this.#parts, this.#held).toString('utf8')
    this.#parts = []
    this.#held = 0
    return whole
  }
}
