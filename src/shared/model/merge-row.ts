/** Entries that make a row of a conversation, and what a row says besides who, when and how sure. */
import type { Entry, FileBody, MessageBody } from './entry.ts'
import type { AttachmentId } from './ids.ts'
import { maxExpirySeconds } from './limits.ts'
import type { Of } from './merge-order.ts'

/** An entry that is a row by itself. */
export type Row = Of<'message'> | Of<'file'> | Of<'timer'> | Of<'call'>

/** A file as the set says. */
export interface MergedFile {
  readonly name: string
  readonly mediaType: string
  readonly size: number
  /** Where its bytes are; absent where no own device put them into this history. */
  readonly attachment?: AttachmentId
}

export function isRow(entry: Entry): entry is Row {
  const { kind } = entry.body
  return kind === 'message' || kind === 'file' || kind === 'timer' || kind === 'call'
}

/** Rows of one cluster with the same content are one. Empty for calls, which have no content. */
export function contentOf({ body }: Row): string {
  switch (body.kind) {
    case 'message':
      return `${body.contentType}\n${body.text}`
    case 'file':
      return `file\n${body.size} ${body.fileName}`
    case 'timer':
      return `timer\n${body.expiresAfter}`
    case 'call':
      return ''
  }
}

/** The file of a variant: whichever observation has its bytes speaks for it. */
export function mergedFile(observations: readonly Of<'file'>[]): MergedFile | null {
  const [first] = observations
  if (first === undefined) return null
  const { fileName: name, mediaType, size } = first.body
  const attachments = observations.flatMap(({ body }) => (body.attachment === undefined ? [] : [body.attachment]))
  const [attachment] = attachments.sort()
  return { name, mediaType, size, ...(attachment === undefined ? {} : { attachment }) }
}

/** After how many seconds a row disappears, if any of its observations says so: the shortest. */
export function expiryOf(observations: readonly Row[]): number | null {
  const said = observations.flatMap(({ body }) => {
    const seconds = canExpire(body) ? body.expiresAfter : undefined
    return seconds === undefined || seconds === 0 ? [] : [seconds]
  })
  return said.length === 0 ? null : Math.min(...said, maxExpirySeconds)
}

function canExpire(body: Row['body']): body is MessageBody | FileBody {
  return body.kind === 'message' || body.kind === 'file'
}
