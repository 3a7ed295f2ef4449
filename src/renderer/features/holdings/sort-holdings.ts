import type { ConversationHolding } from '#shared/model/holdings.ts'
import { displayAor } from '#shared/model/aor.ts'

/** What the list of conversations is sorted by, and whether the other way round. */
export interface Sorting {
  readonly by: 'name' | 'size'
  readonly reversed: boolean
}

/** The name a conversation is shown by. */
export function holdingName({ name, peer }: Pick<ConversationHolding, 'name' | 'peer'>): string {
  return name === '' ? displayAor(peer) : name
}

/** Everything of a conversation, with its files. */
export function wholeSize({ bytes, fileBytes }: Pick<ConversationHolding, 'bytes' | 'fileBytes'>): number {
  return bytes + fileBytes
}

/** Largest first, or by name from A on; `reversed` turns that round. */
export function sortHoldings(
  conversations: readonly ConversationHolding[],
  { by, reversed }: Sorting,
): readonly ConversationHolding[] {
  const sorted = [...conversations].sort((a, b) =>
    by === 'size' ? wholeSize(b) - wholeSize(a) : holdingName(a).localeCompare(holdingName(b)),
  )
  return reversed ? sorted.reverse() : sorted
}
