/** Events of one session, kept until somebody listens; none after the last. */
import type { SessionEvent } from './sip-session.ts'

/** A session nobody listens to must not gather more than this. */
const maxKept = 64

export class SessionEvents {
  #kept: SessionEvent[] = []
  #handler: ((event: SessionEvent) => void) | null = null
  readonly #observers = new Set<(event: SessionEvent) => void>()
  #isOver = false

  get isOver(): boolean {
    return this.#isOver
  }

  listen(handler: (event: SessionEvent) => void): void {
    this.#handler = handler
    for (const event of this.#kept.splice(0)) handler(event)
  }

  /** Hears every event before the listener does, until the returned function is called. */
  observe(observer: (event: SessionEvent) => void): () => void {
    this.#observers.add(observer)
    return () => this.#observers.delete(observer)
  }

  raise(event: SessionEvent): void {
    if (this.#isOver) return
    if (event.kind === 'failed' || event.kind === 'ended') this.#isOver = true
    for (const observer of [...this.#observers]) observer(event)
    if (this.#handler !== null) this.#handler(event)
    else if (this.#isOver || this.#kept.length < maxKept) this.#kept.push(event)
  }
}
