/**
 * The paper secret as words: 128 random bits and a 4-bit checksum in twelve words, encoded exactly as BIP 39 encodes
 * entropy (so its published vectors apply). What is derived from it differs: see `paper-keys.ts`.
 */
import { createHash } from 'node:crypto'
import { err, ok, type Result } from '#shared/result.ts'
import { wordlist } from './wordlist.ts'

export const paperSecretBytes = 16
export const paperWordCount = 12
const bitsPerWord = 11
const checksumBits = BigInt((paperSecretBytes * 8) / 32)
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
  const value = (toBigInt(secret) << checksumBits) | checksumOf(secret)
  return Array.from({ length: paperWordCount }, (_, index) => {
    const shift = BigInt((paperWordCount - 1 - index) * bitsPerWord)
    return wordlist[Number((value >> shift) & 0x7ffn)] ?? ''
  })
}

/** Reads typed words back: case, spacing and everything after a word's fourth letter do not matter. */
export function parsePaperWords(text: string): Result<Uint8Array, PaperWordsFailure> {
  const typed = splitWords(text)
  if (typed.length !== paperWordCount) return err({ kind: 'wrong-count', count: typed.length })
  const indexes = typed.map(wordIndex)
  const unknown = indexes.indexOf(null)
  if (unknown !== -1) return err({ kind: 'unknown-word', position: unknown })
  const value = indexes.reduce((sum: bigint, index) => (sum << BigInt(bitsPerWord)) | BigInt(index ?? 0), 0n)
  const secret = fromBigInt(value >> checksumBits, paperSecretBytes)
  if (checksumOf(secret) !== (value & ((1n << checksumBits) - 1n))) return err({ kind: 'checksum' })
  return ok(secret)
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

function checksumOf(secret: Uint8Array): bigint {
  const first = createHash('sha256').update(secret).digest()[0] ?? 0
  return BigInt(first) >> (8n - checksumBits)
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

function fromBigInt(value: bigint, length: number): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex'))
}
