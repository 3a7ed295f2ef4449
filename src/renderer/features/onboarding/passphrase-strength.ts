import { meetsPassphraseRule } from '#shared/model/passphrase-rule.ts'

/** How hard a passphrase is to guess, in words the screen shows. */
export type Strength = 'none' | 'weak' | 'fair' | 'good' | 'strong'

const common = new Set([
  ...['password', 'passwort', 'passphrase', 'qwertz', 'qwerty', 'letmein', 'welcome', 'willkommen', 'dragon', 'monkey'],
  ...['football', 'iloveyou', 'admin', 'geheim', 'hallo', 'sommer', 'summer', 'master', 'sotto', 'secret', 'test'],
])

/** Bits an attacker who knows the habits of people would need at least; a rough lower estimate. */
export function estimateBits(passphrase: string): number {
  const words = passphrase.toLowerCase().split(/[\s\-_.,]+/u)
  const distinct = new Set(words.filter((word) => word.length > 0))
  let bits = 0
  for (const word of distinct) bits += wordBits(word)
  return bits
}

function wordBits(word: string): number {
  if (common.has(word.replace(/[\d!?]+$/u, ''))) return 6
  const letters = new Set(word).size
  const sequence = '01234567890 abcdefghijklmnopqrstuvwxyz qwertzuiop qwertyuiop asdfghjkl yxcvbnm zxcvbnm'
  if (word.length > 2 && sequence.includes(word)) return 5
  if (/^\p{L}+$/u.test(word)) {
    // A word of a language is worth about one in 8,000; a long run of letters is hardly one word.
    return Math.min(13 + Math.max(0, word.length - 12) * 2, letters * 3)
  }
  return Math.min(word.length * 4, letters * 5)
}

/** Sorts the estimate into words; `good` is what Sotto asks for. */
export function passphraseStrength(passphrase: string): Strength {
  if (passphrase === '') return 'none'
  const bits = estimateBits(passphrase)
  if (!meetsPassphraseRule(passphrase) || bits < 30) return 'weak'
  if (bits < 45) return 'fair'
  return bits < 62 ? 'good' : 'strong'
}
