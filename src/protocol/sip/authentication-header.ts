/** The one grammar of WWW-Authenticate, Proxy-Authenticate, Authorization and their proxy twins (RFC 3261 §25.1). */
import { skipQuoted, unquote } from './scan.ts'

export interface AuthenticationParts {
  /** Lower case. */
  readonly scheme: string
  /** Lower-case names; values unquoted; a name that repeats makes the whole header unusable. */
  readonly parameters: ReadonlyMap<string, string>
}

const wordPattern = /[ \t,]*([A-Za-z0-9\-.!%*_+`'~]+)([ \t]*)(=?)[ \t]*/gy
const bareValue = /[^\s,"]+/gy

/**
 * Splits a value into its challenges or credentials. Commas part both parameters and challenges, so a new one starts
 * where a word is followed by blank and another word instead of `=`. Returns null when it is malformed.
 */
export function scanAuthentication(value: string): AuthenticationParts[] | null {
  const found: { scheme: string; parameters: Map<string, string> }[] = []
  let at = 0
  while (at < value.length) {
    wordPattern.lastIndex = at
    const word = wordPattern.exec(value)
    if (word?.[1] === undefined) return /^[ \t,]*$/.test(value.slice(at)) && found.length > 0 ? found : null
    at = wordPattern.lastIndex
    if (word[3] !== '=') {
      found.push({ scheme: word[1].toLowerCase(), parameters: new Map() })
      continue
    }
    const name = word[1].toLowerCase()
    const current = found.at(-1)?.parameters
    const end = valueEnd(value, at)
    if (end <= at || current === undefined || current.has(name)) return null
    current.set(name, unquote(value.slice(at, end)))
    at = end
  }
  return found.length > 0 ? found : null
}

function valueEnd(value: string, from: number): number {
  if (value.charCodeAt(from) === 0x22) return skipQuoted(value, from)
  bareValue.lastIndex = from
  return bareValue.test(value) ? bareValue.lastIndex : -1
}
