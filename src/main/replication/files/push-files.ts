/** Gives the replica the files of entries that are about to be sealed, so that whoever reads an entry finds its file. */
import { ProtocolError } from '#shared/errors.ts'
import { decodeEntry } from '#shared/model/entry-codec.ts'
import type { AttachmentId } from '#shared/model/ids.ts'
import { blobPartBytes, maxBlobBytes } from '#shared/replication/api.ts'
import type { ReplicaBlobsPort } from '../client-ports.ts'
import type { ReplicaFilesPort } from './file-ports.ts'

export interface PushFilesParts {
  readonly client: Pick<ReplicaBlobsPort, 'whichBlobs' | 'pushBlob'>
  readonly files: Pick<ReplicaFilesPort, 'read'>
}

/** Larger ones follow by themselves: nobody's next message waits for a film. */
const aheadBytes = 2 * blobPartBytes

/** A server that says again and again that it has less is not believed for ever. */
const mostTries = 3

/** `full`: the server has no room for some. `larger`: some are left to be pushed by themselves. */
export type FilesPushed = 'all' | 'larger' | 'full'

/**
 * Pushes what the server does not have. What it does not take, and what is not here, is left out: the entries say all the same that there is a file.
 * @param check - Throws where the run was cancelled.
 */
export async function pushFilesOf(
  contents: readonly Uint8Array[],
  parts: PushFilesParts,
  check: () => void,
): Promise<FilesPushed> {
  const ids = [...new Set(contents.flatMap(fileIn))]
  const small: AttachmentId[] = []
  for (const id of ids) if (((await parts.files.read(id, 0, 0))?.size ?? 0) <= aheadBytes) small.push(id)
  if ((await pushMissing(small, parts, check)) < Infinity) return 'full'
  return small.length < ids.length ? 'larger' : 'all'
}

/**
 * Pushes those that the server does not have, as far as they are here and smaller than `below`, bytes; one without room holds up no smaller one.
 * Returns the size for which the server has no room, bytes, Infinity where it has for all.
 */
export async function pushMissing(
  ids: readonly AttachmentId[],
  parts: PushFilesParts,
  check: () => void,
  below = Infinity,
): Promise<number> {
  if (ids.length === 0) return below
  const states = await parts.client.whichBlobs(ids)
  let least = below
  for (const [i, id] of ids.entries()) {
    const { whole, next } = states[i] ?? { whole: false, next: 0 }
    if (!whole) least = Math.min(least, await pushFile(id, { from: next, below: least }, { ...parts, check }))
  }
  return least
}

/** The file that an encoded entry names. */
function fileIn(content: Uint8Array): readonly AttachmentId[] {
  try {
    const { body } = decodeEntry(content)
    return body.kind === 'file' && body.attachment !== undefined ? [body.attachment] : []
  } catch (error) {
    if (error instanceof ProtocolError) return []
    throw error
  }
}

/** Returns the file's size where the server has no room for it, or has not had for less; otherwise Infinity. */
async function pushFile(
  id: AttachmentId,
  { from, below }: { readonly from: number; readonly below: number },
  { client, files, check }: PushFilesParts & { readonly check: () => void },
): Promise<number> {
  for (let [at, tries] = [from, 0]; tries < mostTries;) {
    check()
    const part = await files.read(id, at, blobPartBytes)
    if (part === null || part.size > maxBlobBytes || part.bytes.length === 0) return Infinity
    if (part.size >= below) return part.size
    const answer = await client.pushBlob(id, { at, ...part })
    if (answer.kind !== 'part') return answer.kind === 'full' ? part.size : Infinity
    if (answer.next <= at) tries += 1
    at = answer.next
  }
  return Infinity
}
