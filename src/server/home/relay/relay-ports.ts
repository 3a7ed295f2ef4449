import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { Ha1Port } from './digest-verifier.ts'
import type { RelayLimits } from './limits.ts'

export interface RelayOptions {
  readonly realm: string
  /** Host and port to put into Use-Path, asked at each AUTH: the TLS listener for secure connections, else TCP's. */
  readonly advertise: (secure: boolean) => { readonly host: string; readonly port: number }
  readonly secrets: Ha1Port
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
  readonly limits?: RelayLimits
  /** RFC 4976 wants TLS for AUTH; by default only connections to a loopback address may do without. */
  readonly plainAuth?: 'loopback' | 'never'
}
