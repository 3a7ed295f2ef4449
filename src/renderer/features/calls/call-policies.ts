import type { CallPolicy } from '#shared/model/calls.ts'

/** Every policy, strictest first. */
export const callPolicies = [
  'zrtp-required',
  'zrtp-preferred',
  'sdes-over-tls',
  'any',
] as const satisfies readonly CallPolicy[]
