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

const reasonOf: Partial<Record<ErrorCode, LinkReason>> = {
  cancelled: 'cancelled',
  'link-clocks-differ': 'clocks-differ',
  'link-chain-invalid': 'chain-invalid',
  'link-tampered': 'tampered',
}

/** What the other end is told of a failure of this one. */
export function reasonOfCode(code: ErrorCode): LinkReason {
  return reasonOf[code] ?? 'failed'
}
