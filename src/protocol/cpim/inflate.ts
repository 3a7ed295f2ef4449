import { inflateRawSync, inflateSync } from 'node:zlib'
import { CpimError } from './errors.ts'

/**
 * Undoes `Content-Encoding: deflate` (zlib, or raw as some write it), to at most `maxBytes`.
 * @throws CpimError `bad-compression`, also when it would grow larger
 */
export function inflateBounded(bytes: Uint8Array, maxBytes: number): Uint8Array {
  // RFC 1950: a zlib stream starts with method 8 and a checksummed flag byte.
  const [method = 0, flags = 0] = bytes
  const isZlib = (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0
  try {
    return isZlib
      ? inflateSync(bytes, { maxOutputLength: maxBytes })
      : inflateRawSync(bytes, { maxOutputLength: maxBytes })
  } catch {
    // zlib says in many ways that the data is bad or too long; none of them tells the sender more.
    throw new CpimError('bad-compression')
  }
}
