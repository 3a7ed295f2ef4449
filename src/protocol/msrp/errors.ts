import { ProtocolError } from '#shared/errors.ts'

/** What can be wrong with bytes that claim to be MSRP. */
export type MsrpErrorCode =
  | 'bad-start-line'
  | 'bad-header'
  | 'bad-uri'
  | 'bad-path'
  | 'bad-byte-range'
  | 'bad-report-flag'
  | 'bad-status'
  | 'bad-end-line'
  | 'bad-challenge'
  | 'head-too-large'
  | 'body-too-large'
  | 'frame-boundary'
  | 'unsafe-value'

/** Malformed MSRP: the connection it came from has lost its framing, or a value would break ours. */
export class MsrpError extends ProtocolError<MsrpErrorCode> {}
