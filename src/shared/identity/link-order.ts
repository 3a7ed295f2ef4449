import type { VerifierPort } from '../ports/verifier.ts'
import { placeOfLink, type LinkPlace } from './read-chain.ts'

export interface PlacedLink {
  readonly bytes: Uint8Array
  readonly place: LinkPlace
}

/** Links behind what they extend, as far as they hang together from `roots` on ('' = before link 0); the others fall out. */
export function linksInOrder(
  links: readonly Uint8Array[],
  crypto: VerifierPort,
  roots: readonly string[] = [''],
): readonly PlacedLink[] {
  const placed = links.flatMap((bytes): readonly PlacedLink[] => {
    const place = placeOfLink(bytes, crypto)
    return place === null ? [] : [{ bytes, place }]
  })
  const waiting = new Set(placed)
  const sorted: PlacedLink[] = []
  let reached: ReadonlySet<string> = new Set(roots)
  while (reached.size > 0) {
    const next = [...waiting].filter(({ place }) => reached.has(place.previous))
    for (const link of next) waiting.delete(link)
    sorted.push(...next)
    reached = new Set(next.map(({ place }) => place.hash))
  }
  return sorted
}
