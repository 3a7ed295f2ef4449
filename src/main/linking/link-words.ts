import type { ErrorCode } from '#shared/errors.ts'
import { SottoError } from '#shared/errors.ts'
import type { RendezvousProblem, SlotEnding } from '#shared/linking/rendezvous.ts'

/** A server said no to a request about a slot; `ending` comes with `ended`. */
export class RendezvousRefused extends Error {
  static override readonly name = 'RendezvousRefused'
  readonly problem: RendezvousProblem
  readonly ending: SlotEnding | null
  readonly next: number | null

  constructor(problem: RendezvousProblem, more: { readonly ending?: SlotEnding; readonly next?: number } = {}) {
    super(problem)
    this.name = 'RendezvousRefused'
    this.problem = problem
    this.ending = more.ending ?? null
    this.next = more.next ?? null
  }
}

const endingWords: Readonly<Record<SlotEnding, ErrorCode>> = {
  done: 'link-failed',
  cancelled: 'link-cancelled',
  'wrong-code': 'link-wrong-code',
  failed: 'link-failed',
  expired: 'link-expired',
}

const problemWords: Readonly<Record<RendezvousProblem, ErrorCode>> = {
  malformed: 'server-refused',
  'not-found': 'link-expired',
  'too-large': 'server-refused',
  'too-many': 'link-busy',
  busy: 'link-busy',
  used: 'link-used',
  full: 'link-busy',
  gap: 'server-refused',
  reset: 'server-refused',
  ended: 'link-failed',
}

/** What a failed linking is called on the screen. */
export function inWords(cause: unknown): SottoError {
  if (cause instanceof SottoError) return cause
  if (!(cause instanceof RendezvousRefused)) return new SottoError('internal', {}, cause)
  const { problem, ending } = cause
  return new SottoError(ending === null ? problemWords[problem] : endingWords[ending], {}, cause)
}

/** What the other end is told, through the server, of a failure on this one. */
export function endingOf(code: ErrorCode): SlotEnding {
  if (code === 'cancelled') return 'cancelled'
  return code === 'link-wrong-code' ? 'wrong-code' : 'failed'
}
