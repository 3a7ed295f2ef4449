import { persist, type Patience } from './persist.ts'
import type { RendezvousClientPort, SlotKey } from './rendezvous-port.ts'

/** How long the server may hold a question back: connections are few, and others wait for them, ms. */
const heldMs = 5_000

export interface SlotPipePorts extends Patience {
  readonly client: RendezvousClientPort
}

/**
 * One end's numbered pieces each way, over a server that may lose requests or answers: what was not answered is asked again, with growing
 * pauses. Rejects with `RendezvousRefused` once the slot ended, with `cancelled` after `close`.
 */
export class SlotPipe {
  readonly #ports: SlotPipePorts
  readonly #key: SlotKey
  #nextOut: number
  #nextIn: number
  #closed = false
  #turn: Promise<unknown> = Promise.resolve()

  /** @param next - Numbers of the next piece each way. */
  constructor(ports: SlotPipePorts, key: SlotKey, next = { out: 0, in: 0 }) {
    this.#ports = ports
    this.#key = key
    this.#nextOut = next.out
    this.#nextIn = next.in
  }

  get key(): SlotKey {
    return this.#key
  }

  /** Sends one piece after the other; resolves when the server has it. */
  send(piece: Uint8Array): Promise<void> {
    const sent = this.#turn.then(() => this.#put(piece))
    this.#turn = sent.catch(() => undefined)
    return sent
  }

  /** The next piece; only one reader at a time. */
  async receive(): Promise<Uint8Array> {
    for (;;) {
      const piece = await this.#persist(() => this.#ports.client.take(this.#key, this.#nextIn, heldMs))
      if (piece === null) continue
      this.#nextIn++
      return piece
    }
  }

  /** Stops asking; nothing is said to the server. */
  close(): void {
    this.#closed = true
  }

  async #put(piece: Uint8Array): Promise<void> {
    await this.#persist(() => this.#ports.client.put(this.#key, this.#nextOut, piece))
    this.#nextOut++
  }

  #persist<T>(ask: () => Promise<T>): Promise<T> {
    return persist(this.#ports, ask, () => this.#closed)
  }
}
