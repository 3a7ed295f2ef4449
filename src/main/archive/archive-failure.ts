import { ProtocolError, SottoError, type ErrorCode } from '#shared/errors.ts'
import { storageFailure } from '#main/history/sqlite-failure.ts'

const codes: Readonly<Record<string, ErrorCode>> = {
  'age-malformed': 'import-not-export',
  'age-no-match': 'import-wrong-key',
  'age-work-factor': 'import-too-costly',
  'age-altered': 'import-damaged',
  'tar-malformed': 'import-not-export',
  'tar-truncated': 'import-damaged',
  'export-malformed': 'import-not-export',
  'export-too-new': 'import-too-new',
  'export-altered': 'import-damaged',
  'export-too-large': 'import-too-large',
  'attachment-malformed': 'import-damaged',
  'attachment-forged': 'import-damaged',
}

/** What the user is told about a file that is not taken; anything that is not the file's or the disk's fault stays what it is: a bug. */
export function archiveFailure(error: unknown): unknown {
  const code = error instanceof ProtocolError ? codes[(error as ProtocolError).code] : undefined
  return code === undefined ? storageFailure(error) : new SottoError(code, {}, error)
}
