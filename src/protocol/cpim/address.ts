import { CpimError } from './errors.ts'

/** `"Formal name" <uri>` of From, To and cc (RFC 3862 §4.1). */
export interface CpimAddress {
  /** The sender's claim; empty where there is none. */
  readonly displayName: string
  readonly uri: string
}

const addressPattern = /^\s*(?:"((?:[^"\\]|\\.)*)"|([^"<]*?))\s*<([^<>\s]{1,512})>\s*$/
const unsafeUri = /[<>\s\u0000-\u001f\u007f]/

/**
 * Reads one address; a bare URI without brackets is taken too.
 * @throws CpimError `bad-address`
 */
export function parseAddress(text: string): CpimAddress {
  const match = addressPattern.exec(text)
  if (match !== null) {
    return { displayName: unescapeText(match[1] ?? match[2] ?? '').trim(), uri: match[3] ?? '' }
  }
  const uri = text.trim()
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:[^<>\s"]{1,512}$/.test(uri)) throw new CpimError('bad-address')
  return { displayName: '', uri }
}

/**
 * Writes an address with its brackets.
 * @throws CpimError `unsafe-value` for a URI that would not stay inside them
 */
export function serializeAddress({ displayName, uri }: CpimAddress): string {
  if (uri === '' || unsafeUri.test(uri)) throw new CpimError('unsafe-value')
  const name = escapeControls(displayName.replace(/["\\]/g, '\\$&'))
  return name === '' ? `<${uri}>` : `"${name}" <${uri}>`
}

const escapes: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', r: '\r' }

/** Undoes RFC 3862 §2.3.2; an escape we do not know stands for the character after the backslash. */
export function unescapeText(text: string): string {
  if (!text.includes('\\')) return text
  return text.replace(/\\(?:u([0-9A-Fa-f]{4})|(.))/gu, (_whole, hex: string | undefined, other: string) =>
    hex === undefined ? (escapes[other] ?? other) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** Writes what could end a line as `\\uXXXX` (RFC 3862 §2.3.2). */
export function escapeControls(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f\u0085\u2028\u2029]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
