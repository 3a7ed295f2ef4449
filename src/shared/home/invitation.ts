import { fromBase64Url, toBase64Url } from '../bytes/base64url.ts'
import { ProtocolError, SottoError } from '../errors.ts'
import { err, ok, type Result } from '../result.ts'

/**
 * What a person hands to another so that they can sign up on a home server: where it is, which key it must show, and a
 * code that works once. One copyable string: `sotto-invite:1:` and base64url of
 *
 * ```
 * hostLength u8 | host ascii | port u16 | code [16] | spkiSha256 [32] | expiresAt u32 seconds | crc32 u32
 * ```
 */
export interface Invitation {
  /** Host name or literal address of the server's HTTPS listener. */
  readonly host: string
  readonly port: number
  readonly code: Uint8Array
  /** SHA-256 of the server's SubjectPublicKeyInfo. */
  readonly spkiSha256: Uint8Array
  /** Milliseconds since 1970-01-01 UTC, whole seconds. */
  readonly expiresAt: number
}

/** Why a pasted invitation cannot be used. */
export type InvitationProblem = 'not-an-invitation' | 'newer-version' | 'damaged'

const prefix = 'sotto-invite:'
const version = '1'
export const invitationCodeBytes = 16
const pinBytes = 32
const fixedBytes = 1 + 2 + invitationCodeBytes + pinBytes + 4 + 4
const maxHostLength = 253
const maxTextLength = 600
const hostPattern = /^[0-9a-z.:_-]{1,253}$/i

/** Writes an invitation; throws `ProtocolError('damaged')` for a host that does not fit. */
export function serializeInvitation(invitation: Invitation): string {
  const { host } = invitation
  if (!hostPattern.test(host)) throw new ProtocolError<InvitationProblem>('damaged', 'host')
  const bytes = new Uint8Array(fixedBytes + host.length)
  const view = new DataView(bytes.buffer)
  bytes[0] = host.length
  for (let i = 0; i < host.length; i += 1) bytes[1 + i] = host.charCodeAt(i)
  let offset = 1 + host.length
  view.setUint16(offset, invitation.port)
  bytes.set(invitation.code.subarray(0, invitationCodeBytes), (offset += 2))
  bytes.set(invitation.spkiSha256.subarray(0, pinBytes), (offset += invitationCodeBytes))
  view.setUint32((offset += pinBytes), Math.floor(invitation.expiresAt / 1000))
  offset += 4
  view.setUint32(offset, crc32(bytes.subarray(0, offset)))
  return `${prefix}${version}:${toBase64Url(bytes)}`
}

/** Reads what a person pasted; white space inside (mail programs break lines) is ignored. */
export function parseInvitation(text: string): Result<Invitation, InvitationProblem> {
  if (text.length > 4 * maxTextLength) return err('not-an-invitation')
  const compact = text.replace(/\s+/g, '')
  if (!compact.toLowerCase().startsWith(prefix) || compact.length > maxTextLength) return err('not-an-invitation')
  const [, foundVersion, payload] = compact.split(':')
  if (foundVersion !== version) return err(/^\d{1,3}$/.test(foundVersion ?? '') ? 'newer-version' : 'damaged')
  const bytes = fromBase64Url(payload ?? '')
  return bytes === null ? err('damaged') : decodeInvitation(bytes)
}

/** A pasted invitation that is still good at `nowMs`. @throws SottoError `invitation-invalid`. */
export function readInvitation(text: string, nowMs: number): Invitation {
  const invitation = parseInvitation(text)
  if (!invitation.ok || invitation.value.expiresAt <= nowMs) throw new SottoError('invitation-invalid')
  return invitation.value
}

function decodeInvitation(bytes: Uint8Array): Result<Invitation, InvitationProblem> {
  const hostLength = bytes[0] ?? 0
  if (hostLength === 0 || hostLength > maxHostLength || bytes.length !== fixedBytes + hostLength) return err('damaged')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = bytes.length - 4
  if (view.getUint32(end) !== crc32(bytes.subarray(0, end))) return err('damaged')
  const host = String.fromCharCode(...bytes.subarray(1, 1 + hostLength))
  const portAt = 1 + hostLength
  const codeAt = portAt + 2
  const pinAt = codeAt + invitationCodeBytes
  const port = view.getUint16(portAt)
  if (!hostPattern.test(host) || port === 0) return err('damaged')
  return ok({
    host,
    port,
    code: bytes.slice(codeAt, pinAt),
    spkiSha256: bytes.slice(pinAt, pinAt + pinBytes),
    expiresAt: view.getUint32(pinAt + pinBytes) * 1000,
  })
}

/** CRC-32 (IEEE 802.3): finds slips of copying, proves nothing. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}
