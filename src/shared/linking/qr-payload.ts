import { fromBase64Url, toBase64Url } from '../bytes/base64url.ts'
import { concatBytes } from '../bytes/bytes.ts'
import { ProtocolError } from '../errors.ts'
import { err, ok, type Result } from '../result.ts'
import { slotIdBytes } from './rendezvous.ts'

/**
 * What the QR code of a device says that waits to be linked: `sotto-link:1:` and base64url of
 *
 *     0      16          48             80              96
 *     slot   secret      hash of keys   account tag
 */
export interface LinkQr {
  /** Where the other device meets this one, at the account's server. */
  readonly slot: Uint8Array
  /** 32 random bytes that nobody has who did not see the code. */
  readonly secret: Uint8Array
  /** SHA-256 of the device's keys, name and ephemeral key. */
  readonly keysHash: Uint8Array
  /** Tells the account apart from others of the reader, no more. */
  readonly accountTag: Uint8Array
}

/** Why a text is no such code. */
export type LinkQrProblem = 'not-a-link' | 'newer-version' | 'damaged'

const prefix = 'sotto-link:'
const version = '1'
export const qrSecretBytes = 32
export const keysHashBytes = 32
export const accountTagBytes = 16
const wholeBytes = slotIdBytes + qrSecretBytes + keysHashBytes + accountTagBytes
export const maxLinkQrLength = 400

/** Text of the QR code. @throws ProtocolError `damaged` for fields of another length. */
export function serializeLinkQr({ slot, secret, keysHash, accountTag }: LinkQr): string {
  const bytes = concatBytes(slot, secret, keysHash, accountTag)
  if (bytes.length !== wholeBytes || secret.length !== qrSecretBytes) throw new ProtocolError<LinkQrProblem>('damaged')
  return `${prefix}${version}:${toBase64Url(bytes)}`
}

/** Reads what was read from a picture. */
export function parseLinkQr(text: string): Result<LinkQr, LinkQrProblem> {
  if (text.length > maxLinkQrLength || !text.startsWith(prefix)) return err('not-a-link')
  const [, foundVersion, payload, ...rest] = text.split(':')
  if (foundVersion !== version) return err(/^\d{1,3}$/.test(foundVersion ?? '') ? 'newer-version' : 'damaged')
  const bytes = rest.length > 0 ? null : fromBase64Url(payload ?? '')
  if (bytes?.length !== wholeBytes) return err('damaged')
  const secretAt = slotIdBytes
  const hashAt = secretAt + qrSecretBytes
  const tagAt = hashAt + keysHashBytes
  return ok({
    slot: bytes.slice(0, secretAt),
    secret: bytes.slice(secretAt, hashAt),
    keysHash: bytes.slice(hashAt, tagAt),
    accountTag: bytes.slice(tagAt),
  })
}
