import { ProtocolError } from '#shared/errors.ts'

/**
 * Why bytes are not an age file that these secrets open: `age-malformed` no age file at all, `age-no-match` sealed for somebody
 * else or under another passphrase, `age-work-factor` a passphrase that would cost more to try than anybody pays,
 * `age-altered` changed or cut.
 */
export type AgeErrorCode = 'age-malformed' | 'age-no-match' | 'age-work-factor' | 'age-altered'

export function ageError(code: AgeErrorCode, detail?: string): ProtocolError<AgeErrorCode> {
  return new ProtocolError<AgeErrorCode>(code, detail)
}
