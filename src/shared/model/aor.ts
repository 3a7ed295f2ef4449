import { err, ok, type Result } from '../result.ts'
import type { Aor } from './ids.ts'

const userPattern = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2}){1,128}$/
const hostPattern = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * Reads `user@domain`, `sip:user@domain` or `sips:user@domain` into its canonical address-of-record (RFC 3261 §10.3):
 * scheme `sip`, domain in lower case, no port, no parameters.
 */
export function parseAor(text: string): Result<Aor, 'address-invalid'> {
  const match = /^(?:sips?:)?([^@\s]+)@([^@\s:;?]+)$/i.exec(text.trim())
  const [user, domain] = [match?.[1], match?.[2]?.toLowerCase()]
  if (user === undefined || domain === undefined) return err('address-invalid')
  if (!userPattern.test(user) || !hostPattern.test(domain)) return err('address-invalid')
  return ok(`sip:${user}@${domain}` as Aor)
}

/** The part a person reads and types: `user@domain`. */
export function displayAor(aor: Aor): string {
  return aor.slice('sip:'.length)
}

/** The domain of an address-of-record. */
export function aorDomain(aor: Aor): string {
  return aor.slice(aor.lastIndexOf('@') + 1)
}

/** The user part of an address-of-record. */
export function aorUser(aor: Aor): string {
  return aor.slice('sip:'.length, aor.lastIndexOf('@'))
}
