import type { LinkReason } from './link-messages.ts'
import type { ErrorCode } from '#shared/errors.ts'

/** What this end says when the other one stopped. */
export const stopWords: Readonly<Record<LinkReason, ErrorCode>> = {
  cancelled: 'link-cancelled',
  'clocks-differ': 'link-clocks-differ',
  'chain-invalid': 'link-chain-invalid',
  tampered: 'link-tampered',
  failed: 'link-failed',
}

/** What the other end is told of a failure of this one. */
export function reasonOfCode(code: ErrorCode): LinkReason {
  switch (code) {
    case 'cancelled':
      return 'cancelled'
    case 'link-clocks-differ':
      return 'clocks-differ'
    case 'link-chain-invalid':
      return 'chain-invalid'
    case 'link-tampered':
      return 'tampered'
    default:
      return 'failed'
  }
}
