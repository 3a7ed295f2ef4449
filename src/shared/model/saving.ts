/** What the screen is told of files that are saved from a conversation. */
import type { Aor, ConversationId, MessageId } from './ids.ts'

/** A row of a conversation, by what it is known by everywhere. */
export interface RowRef {
  readonly conversationId: ConversationId
  readonly author: Aor
  readonly messageId: MessageId
}

/** A file on its way to where the user wants it, or there. */
export interface SavingView extends RowRef {
  /** Bytes. */
  readonly done: number
  readonly total: number
  readonly saved: boolean
}

export function isSameRow(a: RowRef, b: RowRef): boolean {
  return a.messageId === b.messageId && a.author === b.author && a.conversationId === b.conversationId
}
