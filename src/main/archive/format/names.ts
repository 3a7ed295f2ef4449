/** Names of the files inside an export; anything else is refused. */
import type { AttachmentId } from '#shared/model/ids.ts'

export const readmeName = 'README.txt'
export const manifestName = 'manifest.json'
export const signaturesName = 'signatures.json'

const entriesPattern = /^entries\/[0-9]{6}\.jsonl$/
const attachmentPattern = /^attachments\/([A-Za-z0-9_-]{43})$/

/** Name of the n-th part with entries, counted from 1. */
export function entriesName(number: number): string {
  return `entries/${String(number).padStart(6, '0')}.jsonl`
}

/** Name of an attachment's plain bytes: the hash that its entry names it by. */
export function attachmentName(id: AttachmentId): string {
  return `attachments/${id}`
}

/** What a file of an export is, by its name; null for none. */
export function partKindOf(name: string): 'readme' | 'entries' | 'attachment' | 'manifest' | 'signatures' | null {
  if (name === readmeName) return 'readme'
  if (name === manifestName) return 'manifest'
  if (name === signaturesName) return 'signatures'
  if (entriesPattern.test(name)) return 'entries'
  return attachmentPattern.test(name) ? 'attachment' : null
}

/** The attachment behind a name that {@link attachmentName} made. */
export function attachmentIdOfName(name: string): AttachmentId | null {
  return (attachmentPattern.exec(name)?.[1] ?? null) as AttachmentId | null
}
