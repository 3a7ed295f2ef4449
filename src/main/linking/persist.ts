import { RendezvousRefused } from './link-words.ts'
import { SottoError } from '#shared/errors.ts'
import type { ClockPort } from '#shared/ports/clock.ts'

const firstPauseMs = 250
const longestPauseMs = 4_000
/** How much longer than it was waited between the tries they may take in all: one that the server held back, and that was then lost, says little. */
const slowness = 4

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
  let [pauseMs, pausedMs, answeredAt] = [firstPauseMs, 0, clock.monotonic()]
  for (;;) {
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
      if (cause instanceof RendezvousRefused) [answeredAt, pausedMs] = [clock.monotonic(), 0]
      else if (pausedMs > patienceMs || clock.monotonic() - answeredAt > slowness * patienceMs) throw cause
    }
    await new Promise<void>((resolve) => clock.after(pauseMs, resolve))
    pausedMs += pauseMs
    pauseMs = Math.min(growth * pauseMs, longestPauseMs)
  }
}

/** Whether asking again later may help. */
export function isPassing(cause: unknown): boolean {
  if (cause instanceof RendezvousRefused) return cause.problem === 'full' || cause.problem === 'too-many'
  return cause instanceof SottoError && cause.code === 'server-unreachable'
}
