import { parseHeaderPairs } from './uri-headers.ts'
import { unescapeUri, type AnyUri, type SipUri, type TelUri } from './uri.ts'

/** A parameter given on one side only makes these differ; all others are then ignored (RFC 3261 §19.1.4). */
const decisiveParameters = ['user', 'ttl', 'method', 'maddr', 'transport']

/** Equality of URIs after RFC 3261 §19.1.4 (sip, sips) and RFC 3966 §4 (tel). */
export function equalUris(a: AnyUri, b: AnyUri): boolean {
  if (a.scheme === 'other') return b.scheme === 'other' && a.text === b.text
  if (a.scheme === 'tel') return b.scheme === 'tel' && equalTelUris(a, b)
  return (b.scheme === 'sip' || b.scheme === 'sips') && equalSipUris(a, b)
}

function equalSipUris(a: SipUri, b: SipUri): boolean {
  return a.scheme === b.scheme && equalAuthorities(a, b) && equalParameters(a, b) && equalHeaders(a, b)
}

function equalAuthorities(a: SipUri, b: SipUri): boolean {
  if (a.host !== b.host || a.port !== b.port) return false
  return equalEscaped(a.user, b.user) && equalEscaped(a.password, b.password)
}

function equalEscaped(a: string | null, b: string | null): boolean {
  if (a === null || b === null) return a === b
  return a === b || unescapeUri(a) === unescapeUri(b)
}

function equalParameters(a: SipUri, b: SipUri): boolean {
  for (const [name, value] of a.parameters) {
    const other = b.parameters.get(name)
    if (other !== undefined && !equalIgnoringCase(value, other)) return false
  }
  return decisiveParameters.every((name) => a.parameters.has(name) === b.parameters.has(name))
}

function equalIgnoringCase(a: string | null, b: string | null): boolean {
  return unescapeUri(a ?? '').toLowerCase() === unescapeUri(b ?? '').toLowerCase()
}

function equalHeaders(a: SipUri, b: SipUri): boolean {
  const [left, right] = [parseHeaderPairs(a.headers), parseHeaderPairs(b.headers)]
  if (left.length !== right.length) return false
  const key = ([name, value]: readonly [string, string]): string => `${name}=${value}`
  const rightKeys = right.map(key).sort()
  return left
    .map(key)
    .sort()
    .every((item, index) => item === rightKeys[index])
}

function equalTelUris(a: TelUri, b: TelUri): boolean {
  const digits = (number: string): string => number.replace(/[().-]/g, '').toLowerCase()
  if (digits(a.number) !== digits(b.number) || a.parameters.size !== b.parameters.size) return false
  return [...a.parameters].every(([name, value]) => {
    const other = b.parameters.get(name)
    return other !== undefined && equalIgnoringCase(value, other)
  })
}
