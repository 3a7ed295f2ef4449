/** A fingerprint in groups of four for reading aloud; one that is grouped already stays as it is. */
export function groupHash(hash: string): string {
  return /\s/u.test(hash) ? hash : (hash.match(/.{1,4}/gu)?.join(' ') ?? '')
}
