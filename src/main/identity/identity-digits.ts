import { createHash } from 'node:crypto'

const groups = 12
const bytesPerGroup = 5
const label = 'sotto/v1/identity-digits\0'

/**
 * A person's identity for reading aloud in any language: twelve groups of five digits (199 bits) of a SHA-512 over link
 * 0's hash.
 */
export function identityDigits(identity: string): string {
  const digest = createHash('sha512').update(label).update(identity).digest()
  return Array.from({ length: groups }, (_, index) => {
    const value = digest.readUIntBE(index * bytesPerGroup, bytesPerGroup) % 100_000
    return String(value).padStart(5, '0')
  }).join(' ')
}
