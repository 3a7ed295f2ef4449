/** What the user looks for in the history. */
import type { ConversationId } from './ids.ts'

/** What rows are looked for; `link` = texts with a web address in them. */
export const searchKinds = ['any', 'text', 'call', 'file', 'link', 'bookmark'] as const
export type SearchKind = (typeof searchKinds)[number]

/** A search as the screen asks it and as it is saved. */
export interface SearchFilter {
  /** Words, and “phrases” in double quotes; the last word may be unfinished. */
  readonly text: string
  /** Null = everybody. */
  readonly conversationIds: readonly ConversationId[] | null
  readonly kind: SearchKind
  readonly direction: 'any' | 'incoming' | 'outgoing'
  /** When it came, ms: from `from` on and before `to`. */
  readonly from: number | null
  readonly to: number | null
}

/** Everything; what a search starts from. */
export const emptyFilter: SearchFilter = {
  text: '',
  conversationIds: null,
  kind: 'any',
  direction: 'any',
  from: null,
  to: null,
}
