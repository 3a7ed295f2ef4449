/** The rows of the bridge table that belong to exports and imports. */
import { z } from 'zod'
import type { ExportResult, ImportOffer, ImportResult, ImportSummary } from '../model/archive-views.ts'
import { method } from './method.ts'
import { conversationId, secretBytes } from './schema.ts'

const none = z.object({})
const time = z.number().int().nonnegative()

const scope = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('all') }),
  z.object({ kind: z.literal('conversation'), conversationId }),
  /** Messages received from `from` on and before `to`, ms. */
  z.object({ kind: z.literal('period'), from: time, to: time }),
])

const protection = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('passphrase'), passphrase: secretBytes }),
  z.object({ kind: z.literal('recipients'), recipients: z.array(z.string().max(100)).min(1).max(32) }),
])

export const archiveRows = {
  /** Asks where to, writes an encrypted export and reads it back. */
  'archive.exportSealed': method<ExportResult>()(z.object({ scope, protection }), true),
  /** Asks where to and writes a folder that anybody can read; `unprotected` = the user was told, and wants it. */
  'archive.exportReadable': method<ExportResult>()(
    z.object({ scope, format: z.enum(['html', 'json']), unprotected: z.literal(true) }),
  ),
  /** Asks for a file to import; null when the user changed their mind. */
  'archive.choose': method<ImportOffer | null>()(none),
  /** Verifies the chosen file as a whole and says what it would change. */
  'archive.verify': method<ImportSummary>()(z.object({ secret: secretBytes.nullable() }), true),
  'archive.import': method<ImportResult>()(none),
  /** Ends whatever runs, or forgets the chosen file. */
  'archive.cancel': method<void>()(none),
  /** Shows the last export in the file manager. */
  'archive.reveal': method<void>()(none),
} as const
