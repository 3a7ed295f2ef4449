import { RendezvousRefused } from './link-words.ts'
import type { RendezvousClientPort, SlotKey } from './rendezvous-port.ts'
import { SottoError } from '#shared/errors.ts'
import { maxHeldMs } from '#shared/linking/rendezvous.ts'
import type { ClockPort } from '#shared/ports/clock.ts'

const firstPauseMs = 250
const longestPauseMs = 4_000

export interface SlotPipePorts {
  readonly client: RendezvousClientPort
  readonly clock: ClockPort
  /** How long a server may not answer before it is given up. */
  readonly patienceMs: number
}

/**
 * One end's numbered pieces each way, over a server that may lose requests or answers: what was not answered is asked again, with growing
 * pauses. Rejects with `RendezvousRefused` once the slot ended, with `cancelled` after `close`.
 */
export class SlotPipe {
  readonly #ports: SlotPipePorts
  readonly #key: SlotKey
  #nextOut: number
  #nextIn = 0
  #closed = false
  #turn: Promise<unknown> = Promise.resolve()

  /** @param nextOut - Number of this end's next piece. */
  constructor(ports: SlotPipePorts, key: SlotKey, nextOut = 0) {
    this.#ports = ports
    this.#key = key
    this.#nextOut = nextOut
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
      const piece = await this.#persist(() => this.#ports.client.take(this.#key, this.#nextIn, maxHeldMs))
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

  /** Asks until there is an answer that stands; `full` and `too-many` are a reason to wait, however long. */
  async #persist<T>(ask: () => Promise<T>): Promise<T> {
    const { clock, patienceMs } = this.#ports
    let [pauseMs, answeredAt] = [firstPauseMs, clock.monotonic()]
    for (;;) {
      if (this.#closed) throw new SottoError('cancelled')
      try {
        const answer = await ask()
        if (this.#isClosed()) throw new SottoError('cancelled')
        return answer
      } catch (cause) {
        if (!isPassing(cause)) throw cause
        if (cause instanceof RendezvousRefused) answeredAt = clock.monotonic()
        else if (clock.monotonic() - answeredAt > patienceMs) throw cause
      }
      await new Promise<void>((resolve) => clock.after(pauseMs, resolve))
      pauseMs = Math.min(2 * pauseMs, longestPauseMs)
    }
  }

  #isClosed(): boolean {
    return this.#closed
  }
}

/** Whether asking again later may help. */
export function isPassing(cause: unknown): boolean {
  if (cause instanceof RendezvousRefused) return cause.problem === 'full' || cause.problem === 'too-many'
  return cause instanceof SottoError && cause.code === 'server-unreachable'
}
