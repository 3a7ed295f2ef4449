/** What the user looks for in the history. */
import { z } from 'zod'
import type { ConversationId } from './ids.ts'

/** What rows are looked for; `link` = texts with a web address in them. */
export const searchKinds = ['any', 'text', 'call', 'file', 'link', 'bookmark'] as const
export type SearchKind = (typeof searchKinds)[number]

const conversation = z
  .string()
  .regex(/^[A-Za-z0-9_-]{22}$/)
  .transform((id) => id as ConversationId)
const time = z.number().int().nonnegative().nullable()

export const searchFilter = z.object({
  /** Words, and “phrases” in double quotes; the last word may be unfinished. */
  text: z.string().max(400),
  /** Null = everybody. */
  conversationIds: z.array(conversation).max(100).nullable(),
  kind: z.enum(searchKinds),
  direction: z.enum(['any', 'incoming', 'outgoing']),
  /** When it came, ms: from `from` on and before `to`. */
  from: time,
  to: time,
})

/** A search as the screen asks it and as it is saved. */
export type SearchFilter = Readonly<z.output<typeof searchFilter>>

/** Everything; what a search starts from. */
export const emptyFilter: SearchFilter = {
  text: '',
  conversationIds: null,
  kind: 'any',
  direction: 'any',
  from: null,
  to: null,
}

/** A saved search as an entry keeps it; null when it is none that this version understands. */
export function parseSavedFilter(json: string): SearchFilter | null {
  try {
    return searchFilter.parse(JSON.parse(json))
  } catch {
    return null
  }
}
