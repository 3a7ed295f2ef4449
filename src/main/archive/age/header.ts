/** The header of an age file (age-encryption.org/v1): which secrets open it, and the file key inside. */
import { Decrypter, Encrypter } from 'age-encryption'
import { utf8Text } from '#shared/bytes/bytes.ts'
import { ProtocolError } from '#shared/errors.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { ageError } from './age-error.ts'
import { fileKeyBytes, passphraseIdentity, passphraseRecipient } from './passphrase.ts'

/** No honest header is longer: a few hundred recipients. */
export const maxHeaderBytes = 65_536
const maxIdentities = 64
const versionLine = 'age-encryption.org/v1\n'

/** Who can open an export: whoever knows the passphrase, or has the key of a recipient. */
export type Protection =
  | { readonly kind: 'passphrase'; readonly passphrase: string }
  | { readonly kind: 'recipients'; readonly recipients: readonly string[] }

/** What the user has to open a file with. */
export type OpeningSecret =
  | { readonly kind: 'passphrase'; readonly passphrase: string }
  /** Lines of an identity file: `AGE-SECRET-KEY-1…`; others are skipped. */
  | { readonly kind: 'identity'; readonly text: string }

/** A fresh file key under its header. @throws ProtocolError `age-malformed` for a recipient that is none. */
export async function sealFileKey(
  protection: Protection,
  random: RandomPort,
): Promise<{ header: Uint8Array; fileKey: Uint8Array }> {
  const kept: Uint8Array[] = []
  const encrypter = new Encrypter()
  if (protection.kind === 'passphrase') encrypter.addRecipient(passphraseRecipient(protection.passphrase, random))
  else addRecipients(encrypter, protection.recipients)
  // The library keeps the file key to itself; a recipient that adds nothing to the header sees it.
  encrypter.addRecipient({
    wrapFileKey: (fileKey) => {
      kept.push(Uint8Array.from(fileKey))
      return []
    },
  })
  const file = await encrypter.encrypt(new Uint8Array())
  const [fileKey] = kept
  if (fileKey === undefined) throw new Error('broken invariant: the file key was wrapped')
  return { header: file.slice(0, headerLength(file)), fileKey }
}

function addRecipients(encrypter: Encrypter, recipients: readonly string[]): void {
  if (recipients.length === 0) throw ageError('age-malformed', 'no recipient')
  for (const recipient of recipients) {
    if (!isRecipient(recipient)) throw ageError('age-malformed', 'recipient')
    encrypter.addRecipient(recipient)
  }
}

/** Whether `text` is an X25519 recipient (`age1…`), the kind every age program knows. */
export function isRecipient(text: string): boolean {
  if (!/^age1[02-9ac-hj-np-z]{58}$/.test(text)) return false
  try {
    new Encrypter().addRecipient(text)
    return true
  } catch {
    return false
  }
}

/**
 * The file key of a header, when these secrets open it.
 * @throws ProtocolError {@link "./age-error.ts"}`AgeErrorCode`.
 */
export async function openFileKey(header: Uint8Array, secret: OpeningSecret): Promise<Uint8Array> {
  const decrypter = new Decrypter()
  if (secret.kind === 'passphrase') decrypter.addIdentity(passphraseIdentity(secret.passphrase))
  else addIdentities(decrypter, secret.text)
  refusePassphraseAmongRecipients(header)
  try {
    const fileKey = await decrypter.decryptHeader(header)
    if (fileKey.length !== fileKeyBytes) throw ageError('age-malformed', 'file key')
    return fileKey
  } catch (error) {
    if (error instanceof ProtocolError) throw error
    const message = error instanceof Error ? error.message : ''
    if (message.includes('no identity matched')) throw ageError('age-no-match')
    throw ageError(message.includes('invalid header HMAC') ? 'age-altered' : 'age-malformed', message)
  }
}

function addIdentities(decrypter: Decrypter, text: string): void {
  const keys = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.startsWith('AGE-SECRET-KEY-'))
  if (keys.length === 0 || keys.length > maxIdentities) throw ageError('age-no-match', 'no identity')
  for (const key of keys) {
    try {
      decrypter.addIdentity(key)
    } catch {
      throw ageError('age-no-match', 'identity')
    }
  }
}

/** What a file asks for, read without any secret. */
export function sealedFor(header: Uint8Array): OpeningSecret['kind'] {
  return stanzaLines(header).some(([type]) => type === 'scrypt') ? 'passphrase' : 'identity'
}

function refusePassphraseAmongRecipients(header: Uint8Array): void {
  const stanzas = stanzaLines(header)
  if (stanzas.length > 1 && stanzas.some(([type]) => type === 'scrypt'))
    throw ageError('age-malformed', 'passphrase among recipients')
}

function stanzaLines(header: Uint8Array): readonly (readonly string[])[] {
  const lines = (utf8Text(header) ?? '').split('\n')
  return lines.filter((line) => line.startsWith('-> ')).map((line) => line.slice(3).split(' '))
}

/** Bytes of the header at the start of `file`. @throws ProtocolError `age-malformed` without one. */
export function headerLength(file: Uint8Array): number {
  const head = Buffer.from(file.buffer, file.byteOffset, Math.min(file.length, maxHeaderBytes)).toString('latin1')
  if (!head.startsWith(versionLine)) throw ageError('age-malformed', 'version')
  const mac = head.indexOf('\n---')
  const end = mac < 0 ? -1 : head.indexOf('\n', mac + 1)
  if (end < 0) throw ageError('age-malformed', 'header')
  return end + 1
}
