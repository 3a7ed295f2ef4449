/** `a=crypto` lines (RFC 4568, 6188, 7714 §14): master keys in descriptions. */
import type { SdpSuite } from './security-suites.ts'
import { suiteOf } from './security-suites.ts'

export interface SecurityDescription {
  readonly tag: number
  readonly suite: SdpSuite
  readonly key: Uint8Array
  readonly salt: Uint8Array
  readonly mki: Uint8Array | null
}

const linePattern = /^(\d{1,9}) ([A-Za-z0-9_]{1,40}) inline:([A-Za-z0-9+/]{1,120}={0,2})(\|[^ ;]{1,40})?(?:\s(.*))?$/

/** The usable lines in the offerer's order: one inline key, a suite we have, no parameter that weakens. */
export function readSecurityDescriptions(lines: readonly string[]): SecurityDescription[] {
  return lines.flatMap((line) => readLine(line) ?? [])
}

function readLine(line: string): SecurityDescription | null {
  const [, tag, name, base64 = '', lifetime = '', parameters = ''] = linePattern.exec(line.trim()) ?? []
  const suite = suiteOf(name ?? '')
  // A session parameter changes how packets are protected (RFC 4568 §6.3); WSH alone only hints.
  if (suite === null || parameters.split(' ').some((value) => value !== '' && !value.startsWith('WSH='))) return null
  const bytes = Buffer.from(base64, 'base64')
  const mki = readMki(lifetime)
  if (bytes.length !== suite.keyBytes + suite.saltBytes || mki === 'unusable') return null
  const key = new Uint8Array(bytes.subarray(0, suite.keyBytes))
  return { tag: Number(tag), suite: suite.name, key, salt: new Uint8Array(bytes.subarray(suite.keyBytes)), mki }
}

/** `|lifetime|MKI:length`, both optional (RFC 4568 §6.1). */
function readMki(text: string): Uint8Array | null | 'unusable' {
  const parts = text.split('|').filter((part) => part !== '')
  const mki = parts.find((part) => part.includes(':'))
  if (mki === undefined) return null
  const [value = '', length = ''] = mki.split(':')
  const bytes = Number(length)
  if (!/^\d{1,15}$/.test(value) || !/^\d{1,3}$/.test(length) || bytes < 1 || bytes > 8) return 'unusable'
  const out = Buffer.alloc(8)
  out.writeBigUInt64BE(BigInt(value))
  return new Uint8Array(out.subarray(8 - bytes))
}

/** The value of a line. */
export function serializeSecurityDescription({ tag, suite, key, salt }: SecurityDescription): string {
  return `${tag} ${suite} inline:${Buffer.concat([key, salt]).toString('base64')}`
}
