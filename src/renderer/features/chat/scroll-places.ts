/** Where each conversation was left, for as long as the window lives. */
import type { ConversationId } from '#shared/model/ids.ts'

/** At the newest message, or with an item at the top edge, `offset` px into it. */
export type Place = { readonly kind: 'end' } | { readonly kind: 'item'; readonly key: string; readonly offset: number }

const places = new Map<ConversationId, Place>()

/** Remembers where a conversation was left. */
export function savePlace(id: ConversationId, place: Place): void {
  places.set(id, place)
}

/** Where a conversation was left, if it was open before. */
export function loadPlace(id: ConversationId): Place | undefined {
  return places.get(id)
}
