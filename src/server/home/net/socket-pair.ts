import { copyOf } from '#shared/bytes/bytes.ts'
import type { MessageSocket } from '#shared/ports/sockets.ts'

type Message = string | Uint8Array

/** Messages that may wait between two turns of the event loop before `bufferedBytes` tells the writer to wait. */
class PairEnd implements MessageSocket {
  readonly secure = false
  readonly local = { host: '127.0.0.1', port: 0 }
  other: PairEnd | null = null
  bufferedBytes = 0
  #isOpen = true
  #paused: Message[] | null = null
  #onMessage: (message: Message) => void = () => undefined
  #onClose: () => void = () => undefined

  send(message: Message): void {
    if (!this.#isOpen) return
    const copy = typeof message === 'string' ? message : copyOf(message)
    this.bufferedBytes += copy.length
    // Never inside the sender's own call: both ends are state machines.
    setImmediate(() => {
      this.bufferedBytes -= copy.length
      this.other?.receive(copy)
    })
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    setImmediate(() => {
      this.#onClose()
      this.other?.close()
    })
  }

  pause(): void {
    this.#paused ??= []
  }

  resume(): void {
    const waiting = this.#paused ?? []
    this.#paused = null
    for (const message of waiting) this.receive(message)
  }

  onMessage(handler: (message: Message) => void): void {
    this.#onMessage = handler
  }

  onClose(handler: () => void): void {
    this.#onClose = handler
  }

  receive(message: Message): void {
    if (this.#paused !== null) this.#paused.push(message)
    else if (this.#isOpen) this.#onMessage(message)
  }
}

/** Two ends of a WebSocket without a network, for a user agent inside the server. */
export function socketPair(): readonly [MessageSocket, MessageSocket] {
  const [a, b] = [new PairEnd(), new PairEnd()]
  a.other = b
  b.other = a
  return [a, b]
}
