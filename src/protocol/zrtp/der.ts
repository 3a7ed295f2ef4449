/** As much DER as it takes to hand a Diffie-Hellman key to `node:crypto` (PKCS #3, PKCS #8, X.509). */
import { concatBytes } from '#shared/bytes/bytes.ts'

/** INTEGER of an unsigned number, high byte first. */
export function derInteger(value: Uint8Array): Uint8Array {
  let start = 0
  while (start < value.length - 1 && value[start] === 0) start += 1
  const digits = value.subarray(start)
  const needsSign = (digits[0] ?? 0) >= 0x80
  return tagged(0x02, ...(needsSign ? [Uint8Array.of(0), digits] : [digits]))
}

export function derSequence(...parts: readonly Uint8Array[]): Uint8Array {
  return tagged(0x30, ...parts)
}

export function derOctets(bytes: Uint8Array): Uint8Array {
  return tagged(0x04, bytes)
}

export function derBits(bytes: Uint8Array): Uint8Array {
  return tagged(0x03, Uint8Array.of(0), bytes)
}

/** One buffer, nothing in between: secrets are wiped where they are made. */
function tagged(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((total, part) => total + part.length, 0)
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >>> 8, length & 0xff]
  return concatBytes(Uint8Array.from(head), ...content)
}
