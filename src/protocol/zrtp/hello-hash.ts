/** The value of `a=zrtp-hash`: version and hash of a Hello message (RFC 6189 §8, §8.1). */
import { toHex } from '#shared/bytes/bytes.ts'
import { zrtpVersion } from './hello.ts'
import { implicitHash } from './implicit.ts'

/** `1.10 <64 hexadecimal digits>` of a Hello message (without packet header and checksum). */
export function helloHashOf(hello: Uint8Array): string {
  return `${zrtpVersion} ${toHex(implicitHash(hello))}`
}

const form = /^[ \t]*([^ \t]+)[ \t]+([0-9a-fA-F]{64})[ \t]*$/

/** The digest of an attribute value for version 1.1x in lower case; null for another version or form. */
export function readHelloHash(value: string): string | null {
  const [, version = '', digest = ''] = form.exec(value) ?? []
  return version.startsWith(zrtpVersion.slice(0, 3)) ? digest.toLowerCase() : null
}
