import { fromBase64Url } from '#shared/bytes/base64url.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { AttachmentId } from '#shared/model/ids.ts'

/** Where an entry's file is in the attachment store, and the key that opens it. */
export interface AttachmentRef {
  readonly id: AttachmentId
  readonly key: Uint8Array
}

/** The attachment an entry names, whatever its kind; null without one. */
export function attachmentOf({ body }: Entry): AttachmentRef | null {
  const { attachment, attachmentKey } = body as { readonly attachment?: unknown; readonly attachmentKey?: unknown }
  if (typeof attachment !== 'string' || !(attachmentKey instanceof Uint8Array)) return null
  if (fromBase64Url(attachment)?.length !== 32 || attachmentKey.length !== 32) return null
  return { id: attachment as AttachmentId, key: attachmentKey }
}
