import { z } from 'zod'
import type { AccountId, Aor, ConversationId, MessageId, SearchId } from '../model/ids.ts'
import { parseAor } from '../model/aor.ts'

/** A random 128-bit id, base64url. */
export const id128 = z.string().regex(/^[A-Za-z0-9_-]{22}$/)

export const accountId = id128.transform((s) => s as AccountId)
export const conversationId = id128.transform((s) => s as ConversationId)
export const searchId = id128.transform((s) => s as SearchId)
export const messageId = z
  .string()
  .min(1)
  .max(256)
  .transform((s) => s as MessageId)
export const aor = z
  .string()
  .max(400)
  .transform((text, context): Aor => {
    const parsed = parseAor(text)
    if (parsed.ok) return parsed.value
    context.addIssue({ code: 'custom', message: parsed.error })
    return z.NEVER
  })
/** A typed or shown secret: UTF-8 bytes, at most 1 KiB; never a string, so that it can be wiped. */
export const secretBytes = z.instanceof(Uint8Array).refine((b) => b.length > 0 && b.length <= 1024)
export const messageText = z.string().min(1).max(1_000_000)
/** A link that may be handed to the system's browser: `https`, no credentials, no control characters. */
export const httpsUrl = z
  .string()
  .max(4000)
  .regex(/^https:\/\/[^\s@\\\u0000-\u001f\u007f]+$/)
  .refine((text) => URL.canParse(text))
