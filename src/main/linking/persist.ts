import { RendezvousRefused } from './link-words.ts'
import { SottoError } from '#shared/errors.ts'
import type { ClockPort } from '#shared/ports/clock.ts'

const firstPauseMs = 250
const longestPauseMs = 4_000
/** A request that the server holds back and that is then lost takes long, and says little. */
const fewestTries = 6

export interface Patience {
  readonly clock: ClockPort
  /** How long a server may not answer before it is given up. */
  readonly patienceMs: number
}

/**
 * Asks until there is an answer that stands, with growing pauses; `full` and `too-many` are a reason to wait, however long.
 * @throws what `ask` throws once that is no use, SottoError `cancelled` once `isClosed`.
 */
export async function persist<T>(
  { clock, patienceMs }: Patience,
  ask: () => Promise<T>,
  isClosed: () => boolean = () => false,
): Promise<T> {
  let [pauseMs, answeredAt] = [firstPauseMs, clock.monotonic()]
  for (let tries = 1; ; tries++) {
    let growth = 2
    if (isClosed()) throw new SottoError('cancelled')
    try {
      const answer = await ask()
      if (isClosed()) throw new SottoError('cancelled')
      return answer
    } catch (cause) {
      if (!isPassing(cause)) throw cause
      // Room comes when the other end has taken something, however long this has waited.
      if (cause instanceof RendezvousRefused && cause.problem === 'full') growth = 1
      if (cause instanceof RendezvousRefused) answeredAt = clock.monotonic()
      else if (tries >= fewestTries && clock.monotonic() - answeredAt > patienceMs) throw cause
    }
    await new Promise<void>((resolve) => clock.after(pauseMs, resolve))
    pauseMs = Math.min(growth * pauseMs, longestPauseMs)
  }
}

/** Whether asking again later may help. */
export function isPassing(cause: unknown): boolean {
  if (cause instanceof RendezvousRefused) return cause.problem === 'full' || cause.problem === 'too-many'
  return cause instanceof SottoError && cause.code === 'server-unreachable'
}
