/** A device's way to a rendezvous in the same process, which may lose, repeat and change what passes. */
import { createHash } from 'node:crypto'
import { RendezvousRefused } from '#main/linking/link-words.ts'
import type { RendezvousClientPort } from '#main/linking/rendezvous-port.ts'
import type { Rendezvous, RendezvousRefusal } from '#server/replica/rendezvous/rendezvous.ts'
import { SottoError } from '#shared/errors.ts'
import type { Result } from '#shared/result.ts'
import type { SeededRandom } from './seeded-random.ts'

export const sha256 = (bytes: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha256').update(bytes).digest())

export interface WireFaults {
  readonly random: SeededRandom
  /** Share of requests that do not arrive, and of answers that do not. */
  readonly loss: number
}

export interface WireOptions {
  readonly rendezvous: () => Rendezvous
  /** Account whose device signs; null = a stranger. */
  readonly signedFor: string | null
  readonly address?: string
  readonly faults?: WireFaults
  /** What a hostile server makes of a piece that is put. */
  readonly change?: (piece: Uint8Array, number: number) => Uint8Array
}

function opened<T>(answer: Result<T, RendezvousRefusal>): T {
  if (answer.ok) return answer.value
  const { problem, ...more } = answer.error
  throw new RendezvousRefused(problem, more)
}

/** A client of `rendezvous` without HTTP between. */
export function rendezvousWire(options: WireOptions): RendezvousClientPort {
  const { signedFor, address = '192.0.2.1', faults, change = (piece: Uint8Array) => piece } = options
  const meeting = (): Rendezvous => options.rendezvous()
  const isLost = (): boolean => faults !== undefined && faults.random.unit() < faults.loss
  const signer = (): string => {
    if (signedFor === null) throw new SottoError('server-refused')
    return signedFor
  }
  /** Lost on the way there, or answered twice as a client that asks again would see it, or lost on the way back. */
  async function over<T>(ask: () => T | Promise<T>): Promise<T> {
    await Promise.resolve()
    if (isLost()) throw new SottoError('server-unreachable')
    const answer = await ask()
    if (isLost()) throw new SottoError('server-unreachable')
    return answer
  }
  return {
    open: (opening) => over(() => opened(meeting().open(opening, { address, signedFor }))),
    waiting: () => over(() => meeting().waiting(signer())),
    join: (slot, far) => over(() => opened(meeting().join(slot, signer(), far))),
    state: ({ slot, token }) => over(() => opened(meeting().state(slot, token))),
    put: (key, number, piece) => over(() => void opened(meeting().put({ ...key, number }, change(piece, number)))),
    take: (key, number, heldMs) => over(async () => opened(await meeting().take({ ...key, number }, heldMs))),
    end: ({ slot, token }, ending) => over(() => void opened(meeting().end(slot, token, ending))),
  }
}
