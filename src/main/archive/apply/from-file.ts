/** What an entry becomes that only a file vouches for: words and names come in, trust, settings and marks do not. */
import { cleanDisplayName } from '#shared/model/display-name.ts'
import type { Entry, EntryBody, Hlc } from '#shared/model/entry.ts'
import { maxHlcCounter } from '#shared/model/hlc.ts'
import type { DeviceId } from '#shared/model/ids.ts'

/** Fields of each kind that a file may say; kinds that are missing stay in the file. */
const taken: Readonly<Record<string, readonly string[] | undefined>> = {
  message: ['author', 'messageId', 'contentType', 'text', 'sentAt', 'path', 'expiresAfter'],
  file: [
    'author',
    'messageId',
    'fileName',
    'mediaType',
    'size',
    'attachment',
    'attachmentKey',
    'sentAt',
    'path',
    'expiresAfter',
  ],
  edit: ['author', 'messageId', 'target', 'text', 'sentAt'],
  delete: ['author', 'messageId', 'target', 'sentAt'],
  reaction: ['author', 'messageId', 'target', 'targetAuthor', 'emojis', 'sentAt'],
  delivery: ['author', 'target', 'state', 'path', 'failure', 'at'],
  call: ['author', 'messageId', 'sentAt', 'outcome', 'video', 'durationMs', 'readers'],
  contact: ['name', 'note'],
  'peer-name': ['name'],
}

export interface FileOrigin {
  /** Stands for the file, or for the device that signed it. */
  readonly device: DeviceId
  /** Clock of this computer: nothing of a file is later, ms. */
  readonly nowMs: number
}

/** The entry as it comes in; null where a file has no say. */
export function fromFile({ head, body }: Entry, { device, nowMs }: FileOrigin): Entry | null {
  const fields = taken[body.kind]
  if (fields === undefined || body.kind === 'unknown') return null
  // A delete that leaves nothing says something about what else was read.
  if (body.kind === 'delete' && body.gone === true) return null
  const kept: Record<string, unknown> = { kind: body.kind }
  for (const name of ['conversation', 'peer', ...fields]) {
    const value = (body as unknown as Readonly<Record<string, unknown>>)[name]
    if (value !== undefined)
      kept[name] = name === 'name' ? cleanDisplayName(typeof value === 'string' ? value : '') : value
  }
  if (body.kind === 'contact' && kept.name === undefined && kept.note === undefined) return null
  return {
    head: {
      ...head,
      ...{ device, authenticatedBy: 'file', verified: false },
      observedAt: Math.min(head.observedAt, nowMs),
      hlc: notLater(head.hlc, nowMs),
    },
    body: kept as unknown as EntryBody,
  }
}

function notLater({ wallMs, counter }: Hlc, nowMs: number): Hlc {
  return { wallMs: Math.min(wallMs, nowMs), counter: Math.min(counter, maxHlcCounter) }
}
