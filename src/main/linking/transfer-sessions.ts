import { inWords, RendezvousRefused } from './link-words.ts'
import { isPassing } from './persist.ts'
import type { SlotPorts } from './slot-opening.ts'
import type { TransferProgress } from './transfer-port.ts'
import { SottoError, type ErrorCode } from '#shared/errors.ts'

const firstPauseMs = 250
const longestPauseMs = 60_000
/** The server forgets a transfer after this; so does an end that finds nobody. */
const patienceMs = 86_400_000

export interface TransferPorts extends SlotPorts {
  readonly progress?: (progress: TransferProgress) => void
  /** Why nothing moves just now; null once something does again. */
  readonly waiting?: (why: ErrorCode | null) => void
}

export interface TransferSession {
  readonly channel: { close(): void }
  readonly run: () => Promise<void>
}

/**
 * Runs one session after the other until one comes to its end: a server that forgot the slot, another end that started anew or a network that
 * is away are reasons to begin again after a pause.
 */
export async function runSessions(
  ports: TransferPorts,
  stopping: AbortSignal,
  open: () => Promise<TransferSession>,
): Promise<void> {
  let [pauseMs, metAt] = [firstPauseMs, ports.clock.monotonic()]
  for (;;) {
    try {
      const session = await open()
      ports.waiting?.(null)
      pauseMs = firstPauseMs
      metAt = ports.clock.monotonic()
      await runOne(session, stopping)
      return
    } catch (cause) {
      if (stopping.aborted) throw new SottoError('cancelled')
      if (!isWorthAnother(cause)) throw inWords(cause)
      if (ports.clock.monotonic() - metAt > patienceMs) throw new SottoError('link-expired', {}, cause)
      ports.waiting?.(inWords(cause).code)
    }
    await pause(ports, pauseMs, stopping)
    pauseMs = Math.min(2 * pauseMs, longestPauseMs)
  }
}

async function runOne({ channel, run }: TransferSession, stopping: AbortSignal): Promise<void> {
  const close = (): void => channel.close()
  if (stopping.aborted) close()
  stopping.addEventListener('abort', close)
  try {
    await run()
  } finally {
    stopping.removeEventListener('abort', close)
    close()
  }
}

function isWorthAnother(cause: unknown): boolean {
  if (!(cause instanceof RendezvousRefused)) return isPassing(cause)
  return isPassing(cause) || cause.problem === 'not-found' || cause.problem === 'reset' || cause.problem === 'busy'
}

async function pause({ clock }: TransferPorts, ms: number, stopping: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = clock.after(ms, resolve)
    stopping.addEventListener('abort', () => {
      timer.cancel()
      resolve()
    })
  })
  if (stopping.aborted) throw new SottoError('cancelled')
}
