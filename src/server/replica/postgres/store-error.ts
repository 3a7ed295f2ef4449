/**
 * Why a PostgreSQL store did not do what it was asked. `unavailable`: not reached, lost on the way or busy; what was asked may have been
 * done, and may be asked again. `disk-full`: nothing was stored. `not-durable`: this PostgreSQL would acknowledge what it may lose.
 * `too-new`: its schema is from a newer version. `closed`: the store has ended.
 */
export type PostgresStoreErrorCode = 'unavailable' | 'disk-full' | 'not-durable' | 'too-new' | 'closed'

export class PostgresStoreError extends Error {
  static override readonly name = 'PostgresStoreError'
  readonly code: PostgresStoreErrorCode

  constructor(code: PostgresStoreErrorCode, detail: string, cause?: unknown) {
    super(`${code}: ${detail}`, cause === undefined ? undefined : { cause })
    this.name = 'PostgresStoreError'
    this.code = code
  }
}
