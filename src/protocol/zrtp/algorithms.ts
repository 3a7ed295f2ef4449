/** The algorithms this endpoint knows, under their four-character blocks (RFC 6189 §5.1.2–5.1.6). */

export type HashName = 'S256' | 'S384'
export type CipherName = 'AES1' | 'AES3'
export type AuthTagName = 'HS32' | 'HS80'
/** `X255` is X25519 as libbzrtp names it; it stands in no RFC. */
export type DhName = 'DH2k' | 'X255' | 'EC25' | 'DH3k' | 'EC38'
export type KeyAgreementName = DhName | 'Mult'
export type SasName = 'B32 ' | 'B256'

/** One algorithm of each kind, as a Commit names them. */
export interface Algorithms {
  readonly hash: HashName
  readonly cipher: CipherName
  readonly authTag: AuthTagName
  readonly keyAgreement: KeyAgreementName
  readonly sas: SasName
}

/** What an endpoint supports, best first, at most seven of a kind; what the RFC demands is added where it is missing. */
export interface Preferences {
  readonly hashes: readonly HashName[]
  readonly ciphers: readonly CipherName[]
  readonly authTags: readonly AuthTagName[]
  readonly keyAgreements: readonly DhName[]
  readonly sasTypes: readonly SasName[]
}

/** X25519 before the rest, no 2048-bit group, the long tag: what this program prefers to speak. */
export const defaultPreferences: Preferences = {
  hashes: ['S256', 'S384'],
  ciphers: ['AES1', 'AES3'],
  authTags: ['HS80', 'HS32'],
  keyAgreements: ['X255', 'EC25', 'DH3k', 'EC38'],
  sasTypes: ['B32 ', 'B256'],
}

/** Name of `node:crypto` and length of the digest in bytes. */
export const hashes: Readonly<Record<HashName, { readonly node: 'sha256' | 'sha384'; readonly bytes: 32 | 48 }>> = {
  S256: { node: 'sha256', bytes: 32 },
  S384: { node: 'sha384', bytes: 48 },
}

export const cipherKeyBytes: Readonly<Record<CipherName, 16 | 32>> = { AES1: 16, AES3: 32 }

/** Bytes of a public value. */
export const publicValueBytes: Readonly<Record<DhName, number>> = { DH2k: 256, X255: 32, EC25: 64, DH3k: 384, EC38: 96 }

/** Fastest first (§4.1.2), X25519 where libbzrtp puts it. */
export const fastestFirst: readonly DhName[] = ['DH2k', 'X255', 'EC25', 'DH3k', 'EC38']

export type SrtpProfileName =
  'AES_CM_128_HMAC_SHA1_80' | 'AES_CM_128_HMAC_SHA1_32' | 'AES_256_CM_HMAC_SHA1_80' | 'AES_256_CM_HMAC_SHA1_32'

/** The SRTP protection profile of a cipher and a tag, under its SDES name (RFC 4568, RFC 6188). */
export function srtpProfileOf({ cipher, authTag }: Pick<Algorithms, 'cipher' | 'authTag'>): SrtpProfileName {
  const tag = authTag === 'HS80' ? '80' : '32'
  return cipher === 'AES1' ? `AES_CM_128_HMAC_SHA1_${tag}` : `AES_256_CM_HMAC_SHA1_${tag}`
}

const mandatory: Preferences = {
  hashes: ['S256'],
  ciphers: ['AES1'],
  authTags: ['HS32', 'HS80'],
  keyAgreements: ['DH3k'],
  sasTypes: ['B32 '],
}

/** Preferences with what every endpoint must support at the end of each list where it is missing (§5.2). */
export function withMandatory(own: Preferences): Preferences {
  return {
    hashes: join(own.hashes, mandatory.hashes),
    ciphers: join(own.ciphers, mandatory.ciphers),
    authTags: join(own.authTags, mandatory.authTags),
    keyAgreements: join(own.keyAgreements, mandatory.keyAgreements),
    sasTypes: join(own.sasTypes, mandatory.sasTypes),
  }
}

function join<Name extends string>(own: readonly Name[], more: readonly Name[]): readonly Name[] {
  return [...new Set([...own, ...more])]
}
