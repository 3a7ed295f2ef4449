import type { ReplicaFilesPort } from './file-ports.ts'
import { SealedFiles } from '#main/history/attachments/sealed-files.ts'
import type { HistoryReaderPort } from '#main/history/port.ts'

/** The attachments in a folder as replication has them, shown by the rows of this history. */
export function attachmentFiles(folder: string, reader: Pick<HistoryReaderPort, 'attachmentOf'>): ReplicaFilesPort {
  // Beside those that a linked device hands over.
  const files = new SealedFiles(folder, '.fetched')
  return {
    read: (id, offset, length) => files.read(id, offset, length),
    begun: (id) => files.begun(id),
    append: (id, offset, bytes) => files.append(id, offset, bytes),
    finish: (id, key) => files.finish(id, key),
    shown: ({ conversation, author, id }) => reader.attachmentOf(conversation, author, id),
  }
}
