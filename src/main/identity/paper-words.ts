/**
 * The paper secret as words: 128 random bits and a 4-bit checksum in twelve words, encoded exactly as BIP 39 encodes
 * entropy (so its published vectors apply). What is derived from it differs: see `paper-keys.ts`.
 */
import { createHash } from 'node:crypto'
import { wipe } from '#shared/bytes/bytes.ts'
import { newSecret, secretOf } from '#shared/bytes/secret.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { wordlist } from './wordlist.ts'

export const paperSecretBytes = 16
export const paperWordCount = 12
const bitsPerWord = 11
const checksumBits = (paperSecretBytes * 8) / 32
/** BIP 39: the first four letters name a word. */
const prefixLength = 4
const indexByPrefix = new Map(wordlist.map((word, index) => [word.slice(0, prefixLength), index]))

/** What is wrong with typed words; `position` is 0-based. */
export type PaperWordsFailure =
  | { readonly kind: 'wrong-count'; readonly count: number }
  | { readonly kind: 'unknown-word'; readonly position: number }
  | { readonly kind: 'checksum' }

/** Writes a 16-byte secret as twelve words. */
export function paperWords(secret: Uint8Array): readonly string[] {
  const bits = newSecret(secret.length + 1)
  bits.set(secret)
  bits[secret.length] = checksumOf(secret) << (8 - checksumBits)
  const words = Array.from({ length: paperWordCount }, (_, index) => wordlist[indexAt(bits, index)] ?? '')
  wipe(bits)
  return words
}

/** Reads typed words back: case, spacing and everything after a word's fourth letter do not matter. */
export function parsePaperWords(text: string): Result<Uint8Array, PaperWordsFailure> {
  const typed = splitWords(text)
  if (typed.length !== paperWordCount) return err({ kind: 'wrong-count', count: typed.length })
  const indexes = typed.map(wordIndex)
  const unknown = indexes.indexOf(null)
  if (unknown !== -1) return err({ kind: 'unknown-word', position: unknown })
  const bits = newSecret(paperSecretBytes + 1)
  for (const [index, word] of indexes.entries()) putIndex(bits, index, word ?? 0)
  const secret = secretOf(bits.subarray(0, paperSecretBytes))
  const fits = checksumOf(secret) === (bits[paperSecretBytes] ?? 0) >> (8 - checksumBits)
  wipe(bits)
  if (fits) return ok(secret)
  wipe(secret)
  return err({ kind: 'checksum' })
}

/** The words of `text` in lower case. */
export function splitWords(text: string): readonly string[] {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
}

/** Index of a typed word in the list, or null; at least its first four letters (or all of a shorter word) must fit. */
export function wordIndex(typed: string): number | null {
  const index = indexByPrefix.get(typed.slice(0, prefixLength))
  if (index === undefined) return null
  return wordlist[index]?.startsWith(typed) === true ? index : null
}

/** The first bits of the hash. */
function checksumOf(secret: Uint8Array): number {
  return (createHash('sha256').update(secret).digest()[0] ?? 0) >> (8 - checksumBits)
}

// Bit by bit in memory that is wiped: a big number, a hexadecimal text or a pooled buffer would stay behind.
function indexAt(bits: Uint8Array, index: number): number {
  let value = 0
  for (let bit = index * bitsPerWord; bit < (index + 1) * bitsPerWord; bit += 1)
    value = (value << 1) | (((bits[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1)
  return value
}

function putIndex(bits: Uint8Array, index: number, value: number): void {
  for (let place = 0; place < bitsPerWord; place += 1) {
    const bit = index * bitsPerWord + place
    const isSet = (value >> (bitsPerWord - 1 - place)) & 1
    bits[bit >> 3] = (bits[bit >> 3] ?? 0) | (isSet << (7 - (bit & 7)))
  }
}
