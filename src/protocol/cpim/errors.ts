import { ProtocolError } from '#shared/errors.ts'

/** What can be wrong with a CPIM message, an IMDN or an is-composing document. */
export type CpimErrorCode =
  | 'no-headers'
  | 'bad-header'
  | 'bad-address'
  | 'too-large'
  | 'bad-xml'
  | 'unexpected-document'
  | 'bad-compression'
  | 'unsafe-value'

/** Malformed content from a peer, or a value that we must not write. */
export class CpimError extends ProtocolError<CpimErrorCode> {}
