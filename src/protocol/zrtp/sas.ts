/** The short authentication string, as people read it to each other (RFC 6189 §5.1.6, §7). */
import { copyOf } from '#shared/bytes/bytes.ts'
import type { SasName } from './algorithms.ts'
import { pgpWords } from './pgp-words.ts'

/** Both renderings of one value; which of them both programs show was negotiated. */
export interface Sas {
  readonly negotiated: SasName
  /** Four characters. */
  readonly base32: string
  /** Two words. */
  readonly words: readonly string[]
  /** The whole SAS hash, 32 bytes: what signatures and other programs' checks are made over. */
  readonly hash: Uint8Array
}

const alphabet = 'ybndrfg8ejkmcpqxot1uwisza345h769'
const characters = 4
const bitsPerCharacter = 5

export function renderSas(hash: Uint8Array, negotiated: SasName): Sas {
  return { negotiated, base32: base32(hash), words: pgpWords(hash.subarray(0, 2)), hash: copyOf(hash) }
}

/** The leftmost 20 bits in z-base-32. */
export function base32(bytes: Uint8Array): string {
  const [a = 0, b = 0, c = 0] = bytes
  const bits = (a << 16) | (b << 8) | c
  let text = ''
  for (let index = 1; index <= characters; index += 1)
    text += alphabet[(bits >>> (24 - index * bitsPerCharacter)) & 31] ?? ''
  return text
}
