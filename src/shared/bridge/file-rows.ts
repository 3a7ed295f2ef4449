/** The rows of the bridge table that belong to files of a conversation. */
import { z } from 'zod'
import { method } from './method.ts'
import { aor, conversationId, messageId } from './schema.ts'

const row = z.object({ conversationId, author: aor, messageId })

export const fileRows = {
  /** Asks where to and saves the file of a row in the clear; resolves when it is there, or the user changed their mind. */
  'files.save': method<void>()(row),
  /** Ends the saving of a row's file; nothing of it stays. */
  'files.cancelSaving': method<void>()(row),
  /** Shows what was saved in the file manager. */
  'files.reveal': method<void>()(row),
} as const
