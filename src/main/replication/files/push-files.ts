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

/** A server that says again and again that it has less is not believed for ever. */
const mostTries = 3

/**
 * Pushes what the server does not have. What it does not take, and what is not here, is left out: the entries say all the same that there is a file.
 * @param check - Throws where the run was cancelled.
 */
export async function pushFilesOf(
  contents: readonly Uint8Array[],
  parts: PushFilesParts,
  check: () => void,
): Promise<void> {
  const ids = [...new Set(contents.flatMap(fileIn))]
  if (ids.length === 0) return
  const states = await parts.client.whichBlobs(ids)
  for (const [i, id] of ids.entries()) {
    const { whole, next } = states[i] ?? { whole: false, next: 0 }
    if (!whole && !(await pushFile(id, next, { ...parts, check }))) return
  }
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

/** Returns false where the server takes no more. */
async function pushFile(
  id: AttachmentId,
  from: number,
  { client, files, check }: PushFilesParts & { readonly check: () => void },
): Promise<boolean> {
  for (let [at, tries] = [from, 0]; tries < mostTries;) {
    check()
    const part = await files.read(id, at, blobPartBytes)
    if (part === null || part.size > maxBlobBytes || part.bytes.length === 0) return true
    const answer = await client.pushBlob(id, { at, ...part })
    if (answer.kind !== 'part') return answer.kind !== 'full'
    if (answer.next <= at) tries += 1
    at = answer.next
  }
  return true
}
