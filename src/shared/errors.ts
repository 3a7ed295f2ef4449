/**
 * Malformed or hostile input from a peer; `code` belongs to one union per protocol.
 * Caught in one place per protocol: the session or the listener.
 */
export class ProtocolError<Code extends string = string> extends Error {
  static override readonly name = 'ProtocolError'
  readonly code: Code

  constructor(code: Code, detail?: string) {
    super(detail === undefined ? code : `${code}: ${detail}`)
    this.name = 'ProtocolError'
    this.code = code
  }
}

/** A failure the user is told about in words; `code` is the i18n key under `errors.` and crosses the bridge. */
export class SottoError extends Error {
  static override readonly name = 'SottoError'
  readonly code: ErrorCode
  readonly params: Readonly<Record<string, string | number>>

  constructor(code: ErrorCode, params: Readonly<Record<string, string | number>> = {}, cause?: unknown) {
    super(code, cause === undefined ? undefined : { cause })
    this.name = 'SottoError'
    this.code = code
    this.params = params
  }
}

/** Every failure that can reach the screen; each has a sentence in every locale (a test checks it). */
export const errorCodes = [
  'internal',
  'invalid-argument',
  'untrusted-sender',
  'not-found',
  'locked',
  'cancelled',
  'wrong-passphrase',
  'wrong-paper-secret',
  'passphrase-too-weak',
  'keychain-unavailable',
  'keychain-failed',
  'keychain-lost',
  'rung-damaged',
  'last-rung',
  'profile-in-use',
  'disk-full',
  'disk-failed',
  'file-damaged',
  'history-corrupt',
  'history-stopped',
  'history-too-new',
  'account-exists',
  'address-invalid',
  'address-taken',
  'server-unreachable',
  'server-refused',
  'wrong-password',
  'registration-rejected',
  'certificate-untrusted',
  'certificate-expired',
  'certificate-wrong-name',
  'insecure-transport-refused',
  'weaker-digest-refused',
  'foreign-realm-refused',
  'home-server-failed',
  'invitation-invalid',
  'message-too-large',
  'message-empty',
  'recipient-unknown',
  'recipient-blocked',
  'send-refused',
  'send-timed-out',
  'edit-not-allowed',
  'reaction-not-allowed',
  'address-would-show',
  'export-not-verified',
  'export-nothing',
  'recipient-invalid',
  'import-not-export',
  'import-too-new',
  'import-damaged',
  'import-too-large',
  'import-wrong-key',
  'import-too-costly',
  'busy',
  'spool-damaged',
  'spool-waiting',
  'spool-failed',
  'replica-needs-linking',
  'replica-unknown',
  'replica-off',
  'replica-gone',
  'history-sealed',
  'replica-busy',
  'replica-full',
  'file-not-there-yet',
  'device-unknown',
  'device-removed',
  'devices-forked',
  'fork-needs-paper',
  'link-busy',
  'link-expired',
  'link-used',
  'link-cancelled',
  'link-wrong-code',
  'link-not-found',
  'link-wrong-account',
  'link-qr-invalid',
  'link-tampered',
  'link-clocks-differ',
  'link-too-new',
  'link-chain-invalid',
  'link-failed',
  'paper-words-count',
  'paper-word-unknown',
  'paper-words-wrong',
  'restore-nothing',
  'restore-other-identity',
  'restore-forked',
  'restore-pick-gone',
  'sign-in-outdated',
] as const

/** One of {@link errorCodes}. */
export type ErrorCode = (typeof errorCodes)[number]
