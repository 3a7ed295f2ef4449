/** `a=crypto` (RFC 4568): master keys for SRTP in the description. Text and values only; what is done with them is elsewhere. */
import { wipe } from '#shared/bytes/bytes.ts'
import { attributeValues, type SdpAttribute } from './session.ts'

/** Bytes of master key and salt by suite: RFC 4568 §6.2, RFC 6188 §4, RFC 7714 §14.1. */
const suites = {
  AES_CM_128_HMAC_SHA1_80: { key: 16, salt: 14 },
  AES_CM_128_HMAC_SHA1_32: { key: 16, salt: 14 },
  AES_192_CM_HMAC_SHA1_80: { key: 24, salt: 14 },
  AES_192_CM_HMAC_SHA1_32: { key: 24, salt: 14 },
  AES_256_CM_HMAC_SHA1_80: { key: 32, salt: 14 },
  AES_256_CM_HMAC_SHA1_32: { key: 32, salt: 14 },
  AEAD_AES_128_GCM: { key: 16, salt: 12 },
  AEAD_AES_256_GCM: { key: 32, salt: 12 },
} as const

/** A suite as the registry of RFC 4568 names it. */
export type CryptoSuite = keyof typeof suites

/** One usable `a=crypto`: the key its author sends under. */
export interface SecurityDescription {
  /** 0 to 999,999,999, unique in its media section. */
  readonly tag: number
  readonly suite: CryptoSuite
  readonly key: Uint8Array
  readonly salt: Uint8Array
  /** SRTP packets, and SRTCP packets, the key may protect; null where only the bounds of RFC 3711 §9.2 apply. */
  readonly lifetime: number | null
  /** Master key identifier as it stands in packets, 1 to 128 bytes; null without one. */
  readonly mki: Uint8Array | null
}

/** Longer than the longest lawful line with one key. */
const maxLine = 1024
const maxLines = 32
const maxLifetime = 2 ** 48
const maxMkiBytes = 128
const minimumWindow = 64

/** The usable lines of a media section in the author's order of preference; lines that share a tag are none (RFC 4568 §4.1). */
export function readSecurityDescriptions(media: {
  readonly attributes: readonly SdpAttribute[]
}): SecurityDescription[] {
  const lines = attributeValues(media, 'crypto').slice(0, maxLines)
  const tags = lines.map((line) => /^\d+/.exec(line)?.[0])
  return lines.flatMap((line, at) => {
    const isAlone = tags.indexOf(tags[at]) === tags.lastIndexOf(tags[at])
    const description = isAlone ? parseSecurityDescription(line) : null
    return description === null ? [] : [description]
  })
}

/**
 * Reads the value of one `a=crypto`; null for a line that is invalid or that is not to be used: a suite or parameter we do not do,
 * one that takes away encryption or authentication, several keys. The key is the caller's to wipe.
 */
export function parseSecurityDescription(value: string): SecurityDescription | null {
  if (value.length > maxLine) return null
  const [tag = '', suiteName = '', keyParameters = '', ...parameters] = value.split(/[ \t]+/)
  const suite = suiteOf(suiteName)
  if (!/^(?:0|[1-9]\d{0,8})$/.test(tag) || suite === null || !parameters.every(isHarmless)) return null
  const keys = keyParametersOf(keyParameters, suites[suite])
  return keys === null ? null : { tag: Number(tag), suite, ...keys }
}

type KeyParameters = Pick<SecurityDescription, 'key' | 'salt' | 'lifetime' | 'mki'>

/** `inline:<key||salt>[|lifetime][|MKI:length]` (RFC 4568 §6.1). */
function keyParametersOf(text: string, bytes: { readonly key: number; readonly salt: number }): KeyParameters | null {
  const parts = /^inline:([^|;]+)(?:\|([^|:;]+))?(?:\|([^|:;]+):([^|:;]+))?$/i.exec(text)
  if (parts === null) return null
  const [, keySaltText = '', lifetimeText, mkiValue, mkiLength = ''] = parts
  const lifetime = lifetimeText === undefined ? null : lifetimeOf(lifetimeText)
  const mki = mkiValue === undefined ? null : mkiOf(mkiValue, mkiLength)
  const keySalt = base64Bytes(keySaltText, bytes.key + bytes.salt)
  if (keySalt === null || lifetime === 'invalid' || mki === 'invalid') return null
  const [key, salt] = [keySalt.slice(0, bytes.key), keySalt.slice(bytes.key)]
  wipe(keySalt)
  return { key, salt, lifetime, mki }
}

/**
 * Writes the value of an `a=crypto`.
 * @throws RangeError for what {@link parseSecurityDescription} would not take.
 */
export function serializeSecurityDescription(description: SecurityDescription): string {
  const { tag, suite, key, salt, lifetime, mki } = description
  if (key.length !== suites[suite].key || salt.length !== suites[suite].salt) throw new RangeError('key or salt')
  if (!Number.isInteger(tag) || tag < 0 || tag > 999_999_999) throw new RangeError('tag')
  if (lifetime !== null && !isLifetime(lifetime)) throw new RangeError('lifetime')
  const keySalt = Buffer.concat([key, salt])
  const parts = [`inline:${keySalt.toString('base64')}`]
  wipe(keySalt)
  if (lifetime !== null) parts.push(lifetimeText(lifetime))
  if (mki !== null) parts.push(mkiText(mki))
  return `${tag} ${suite} ${parts.join('|')}`
}

function suiteOf(name: string): CryptoSuite | null {
  const upper = name.toUpperCase()
  return Object.hasOwn(suites, upper) ? (upper as CryptoSuite) : null
}

/** Session parameters that say what holds anyway, or that may be ignored (RFC 4568 §6.3). */
function isHarmless(parameter: string): boolean {
  const upper = parameter.toUpperCase()
  if (parameter === '' || upper === 'KDR=0' || upper === 'FEC_ORDER=FEC_SRTP') return true
  const hint = /^WSH=([1-9]\d{1,8})$/.exec(upper)?.[1]
  return hint === undefined ? /^-[\x21-\x7e]/.test(parameter) : Number(hint) >= minimumWindow
}

/** Exactly `bytes` bytes, padded or not (RFC 4568 §6.1); null for anything else. */
function base64Bytes(text: string, bytes: number): Uint8Array | null {
  const unpadded = text.replace(/={1,2}$/, '')
  if (!/^[A-Za-z0-9+/]+$/.test(unpadded)) return null
  const read = Buffer.from(unpadded, 'base64')
  const isWhole = read.length === bytes && read.toString('base64').replace(/=+$/, '') === unpadded
  const copy = isWhole ? Uint8Array.from(read) : null
  wipe(read)
  return copy
}

function isLifetime(packets: number): boolean {
  return Number.isInteger(packets) && packets > 0 && packets <= maxLifetime
}

function lifetimeOf(text: string): number | 'invalid' {
  const parts = /^(2\^)?([1-9]\d{0,14}|0)$/.exec(text)
  if (parts === null) return 'invalid'
  const [, power, digits] = parts
  const packets = power === undefined ? Number(digits) : 2 ** Number(digits)
  return isLifetime(packets) ? packets : 'invalid'
}

function lifetimeText(packets: number): string {
  const power = Math.log2(packets)
  return Number.isInteger(power) ? `2^${power}` : String(packets)
}

/** A positive decimal, high byte first in as many bytes as are said (RFC 4568 §6.1). */
function mkiOf(value: string, length: string): Uint8Array | 'invalid' {
  if (!/^[1-9]\d{0,2}$/.test(length) || !/^[1-9]\d{0,308}$/.test(value)) return 'invalid'
  const bytes = Number(length)
  const digits = BigInt(value).toString(16)
  if (bytes > maxMkiBytes || digits.length > 2 * bytes) return 'invalid'
  return Uint8Array.from(Buffer.from(digits.padStart(2 * bytes, '0'), 'hex'))
}

function mkiText(mki: Uint8Array): string {
  const value = mki.length === 0 ? 0n : BigInt(`0x${Buffer.from(mki).toString('hex')}`)
  if (value === 0n || mki.length > maxMkiBytes) throw new RangeError('mki')
  return `${value}:${mki.length}`
}
