/** Scanning inside header values: quoted strings, parameters, lists (RFC 3261 §25.1). */
import { isToken } from './names.ts'
import { SipParseError } from './errors.ts'

/** Parameters by lower-case name, in order; null = no value. Quoted values are unquoted. */
export type Parameters = ReadonlyMap<string, string | null>

/** Wraps text as a quoted-string. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** Undoes {@link quote}; text that is not quoted comes back as it is. */
export function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text
  return text.slice(1, -1).replace(/\\(.)/gs, '$1')
}

/** Index after the quoted-string that starts at `from`, or -1 when it never ends. */
export function skipQuoted(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    const character = text.charCodeAt(at)
    if (character === 0x5c) at += 1
    else if (character === 0x22) return at + 1
  }
  return -1
}

const comma = 0x2c
const quoteMark = 0x22
const less = 0x3c
const greater = 0x3e

/** Splits at top-level commas: not inside quotes or angle brackets. @throws SipParseError on an open quote or empty item. */
export function splitList(value: string): string[] {
  if (!value.includes(',')) return [value]
  const items: string[] = []
  let start = 0
  let inAngle = false
  for (let at = 0; at < value.length; at += 1) {
    const character = value.charCodeAt(at)
    if (character === quoteMark && !inAngle) {
      const end = skipQuoted(value, at)
      if (end < 0) throw new SipParseError('sip-header', 'open quote')
      at = end - 1
    } else if (character === less) inAngle = true
    else if (character === greater) inAngle = false
    else if (character === comma && !inAngle) {
      items.push(value.slice(start, at).trim())
      start = at + 1
    }
  }
  items.push(value.slice(start).trim())
  if (items.includes('')) throw new SipParseError('sip-header', 'empty list item')
  return items
}

// generic-param: token [= token / host / quoted-string]; IPv6 references occur as hosts.
const parameterPattern =
  /[ \t]*;[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)(?:[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-.!%*_+`'~:]+))?[ \t]*(?=;|$)/gsy

const noParameters: Parameters = new Map()

/** Reads `;a=b;c` up to the end of `text`. @throws SipParseError on anything else. */
export function parseParameters(text: string): Parameters {
  if (text.length === 0) return noParameters
  const parameters = new Map<string, string | null>()
  parameterPattern.lastIndex = 0
  while (parameterPattern.lastIndex < text.length) {
    const match = parameterPattern.exec(text)
    if (match?.[1] === undefined) throw new SipParseError('sip-header', 'parameter')
    const name = match[1].toLowerCase()
    if (!parameters.has(name)) parameters.set(name, match[2] === undefined ? null : unquote(match[2]))
  }
  return parameters
}

/** Writes parameters back; values that are no token, host or IPv6 reference are quoted. */
export function serializeParameters(parameters: Parameters): string {
  let text = ''
  for (const [name, value] of parameters) {
    if (value === null) text += `;${name}`
    else text += `;${name}=${isToken(value) || /^\[[0-9A-Fa-f:.]+\]$/.test(value) ? value : quote(value)}`
  }
  return text
}
