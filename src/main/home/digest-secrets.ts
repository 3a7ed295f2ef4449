import { createHash } from 'node:crypto'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import type { RandomPort } from '#shared/ports/random.ts'

/** HA1 of RFC 7616 §3.4.2, lower-case hex. */
export interface DigestSecrets {
  readonly ha1Sha256: string
}

const passwordBytes = 24

/** A new password: 192 random bits in base64url, as UTF-8 bytes. */
export function makePassword(random: RandomPort): Uint8Array {
  return Buffer.from(toBase64Url(random.bytes(passwordBytes)))
}

export function digestSecrets(user: string, realm: string, password: Uint8Array): DigestSecrets {
  return { ha1Sha256: ha1('sha256', { user, realm, password }) }
}

/** HA1 of a password for phones that know MD5 alone; never of the account's own. */
export function phoneHa1(user: string, realm: string, password: Uint8Array): string {
  return ha1('md5', { user, realm, password })
}

interface Ha1Parts {
  readonly user: string
  readonly realm: string
  readonly password: Uint8Array
}

function ha1(algorithm: 'md5' | 'sha256', { user, realm, password }: Ha1Parts): string {
  return createHash(algorithm).update(`${user}:${realm}:`).update(password).digest('hex')
}

/** `Authorization` for one request against a challenge with SHA-256 and qop=auth; null if it asks for anything else. */
export function authorize(
  challenge: string,
  credentials: { readonly user: string; readonly domain: string; readonly ha1Sha256: string },
  request: { readonly method: string; readonly path: string },
  random: RandomPort,
): string | null {
  const field = (name: string): string | undefined => new RegExp(`[ ,]${name}="?([^",]*)"?`, 'i').exec(challenge)?.[1]
  const nonce = field('nonce')
  // The realm is the account's domain: HA1 answers go to nobody else.
  if (nonce === undefined || field('realm') !== credentials.domain || field('algorithm') !== 'SHA-256') return null
  const cnonce = toBase64Url(random.bytes(16))
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
  const ha2 = sha256(`${request.method}:${request.path}`)
  const response = sha256(`${credentials.ha1Sha256}:${nonce}:00000001:${cnonce}:auth:${ha2}`)
  return (
    `Digest username="${credentials.user}", realm="${credentials.domain}", nonce="${nonce}", uri="${request.path}", ` +
    `algorithm=SHA-256, qop=auth, nc=00000001, cnonce="${cnonce}", response="${response}"`
  )
}
