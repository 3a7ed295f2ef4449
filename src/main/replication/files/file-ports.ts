/** What replication needs of the attachments on this device. */
import type { AttachmentId } from '#shared/model/ids.ts'
import type { WantedFile } from '#main/history/replica-port.ts'

/** Sealed files as they lie on the disk. */
export interface ReplicaFilesPort {
  /** Up to `length` bytes of a sealed file; null when it is not here. */
  read(
    id: AttachmentId,
    offset: number,
    length: number,
  ): Promise<{ readonly bytes: Uint8Array; readonly size: number } | null>
  /** Bytes of a file that is being fetched. */
  begun(id: AttachmentId): Promise<number>
  /** Goes on with one, or begins it at offset 0. */
  append(id: AttachmentId, offset: number, bytes: Uint8Array): Promise<void>
  /** Durable when it resolves. @throws SottoError `invalid-argument` when it is not the one its id names, or does not open. */
  finish(id: AttachmentId, key: Uint8Array): Promise<void>
  /** What opens the file that a row shows; null where it shows none. */
  shown(row: WantedFile['row']): Promise<{ readonly id: AttachmentId; readonly key: Uint8Array } | null>
}
