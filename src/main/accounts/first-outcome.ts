import { SottoError, type ErrorCode } from '#shared/errors.ts'
import type { AccountId } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { SignallingEvent, SignallingPort } from './signalling-port.ts'

/** How the first attempt to register ended: what the person who just typed a password wants to know. */
export type FirstOutcome =
  | { readonly kind: 'registered' }
  /** A dialog about the certificate is on the screen: the account stays, waiting for the answer. */
  | { readonly kind: 'certificate' }
  | { readonly kind: 'failed'; readonly reason: ErrorCode }

const certificateReasons: ReadonlySet<ErrorCode> = new Set([
  'certificate-untrusted',
  'certificate-expired',
  'certificate-wrong-name',
])

function outcomeOf(event: SignallingEvent, accountId: AccountId): FirstOutcome | null {
  if (event.kind === 'certificate' && event.accountId === accountId) return { kind: 'certificate' }
  if (event.kind !== 'connection' || event.accountId !== accountId) return null
  const connection = event.connection
  if (connection.kind === 'registered') return { kind: 'registered' }
  if (connection.kind !== 'waiting' && connection.kind !== 'failed') return null
  // The question about the certificate follows this event: the account must still be there to be trusted.
  if (certificateReasons.has(connection.reason)) return { kind: 'certificate' }
  return { kind: 'failed', reason: connection.reason }
}

/** Waits for the first registration outcome of an account; `server-unreachable` after `timeoutMs`. Subscribe before configuring. */
export function firstOutcome(
  ports: { readonly signalling: SignallingPort; readonly clock: ClockPort },
  accountId: AccountId,
  timeoutMs: number,
): Promise<FirstOutcome> {
  return new Promise((resolve) => {
    const finish = (outcome: FirstOutcome): void => {
      timer.cancel()
      dispose()
      resolve(outcome)
    }
    const timer = ports.clock.after(timeoutMs, () => finish({ kind: 'failed', reason: 'server-unreachable' }))
    const dispose = ports.signalling.onEvent((event) => {
      const outcome = outcomeOf(event, accountId)
      if (outcome !== null) finish(outcome)
    })
  })
}

/** Why something failed, as the screen is told. */
export function reasonOf(error: unknown, otherwise: ErrorCode = 'internal'): ErrorCode {
  return error instanceof SottoError ? error.code : otherwise
}
