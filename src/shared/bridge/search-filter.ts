/** Checks a search that comes from the screen or from an entry; apart from the model, since the screen must not load zod. */
import { z } from 'zod'
import { searchKinds, type SearchFilter } from '../model/search.ts'
import { conversationId } from './schema.ts'

const time = z.number().int().nonnegative().nullable()

export const searchFilter = z.object({
  text: z.string().max(400),
  conversationIds: z.array(conversationId).max(100).readonly().nullable(),
  kind: z.enum(searchKinds),
  direction: z.enum(['any', 'incoming', 'outgoing']),
  from: time,
  to: time,
})

/** A saved search as an entry keeps it; null when it is none that this version understands. */
export function parseSavedFilter(json: string): SearchFilter | null {
  try {
    return searchFilter.parse(JSON.parse(json))
  } catch {
    return null
  }
}
