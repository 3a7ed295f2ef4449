import { createHash } from 'node:crypto'

export const partBytes = 20_000

/** The same bytes for the same number, in three parts. */
export function blobNumber(number: number): { readonly hash: Uint8Array; readonly bytes: Uint8Array } {
  const seed = createHash('sha256').update(`blob ${number}`).digest()
  const bytes = Uint8Array.from({ length: 2 * partBytes + 17 }, (_, i) => (seed[i % 32] ?? 0) ^ ((i >> 5) % 251))
  return { hash: Uint8Array.from(createHash('sha256').update(bytes).digest()), bytes }
}
