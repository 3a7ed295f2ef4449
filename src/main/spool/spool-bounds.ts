/** Every bound of the spool, and whether something still fits. Pure. */

/** Records kept while Sotto is locked; later ones are refused for now, so that their senders keep them. */
export const maxSpoolRecords = 5_000
/** Bytes of all sealed records. */
export const maxSpoolBytes = 64 * 1024 * 1024
/** A sealed record; larger bodies are refused before they get here. */
export const maxRecordBytes = 2 * 1024 * 1024 + 8_192
/** Records that wait for the disk at the same time. */
export const maxAppending = 256

/** What the spool holds. */
export interface SpoolTally {
  readonly records: number
  readonly bytes: number
}

export const emptyTally: SpoolTally = { records: 0, bytes: 0 }

/** Whether one more record of this size may come. */
export function fits({ records, bytes }: SpoolTally, size: number): boolean {
  return size <= maxRecordBytes && records < maxSpoolRecords && bytes + size <= maxSpoolBytes
}

export function withRecord({ records, bytes }: SpoolTally, size: number): SpoolTally {
  return { records: records + 1, bytes: bytes + size }
}

export function withoutRecord({ records, bytes }: SpoolTally, size: number): SpoolTally {
  return { records: Math.max(0, records - 1), bytes: Math.max(0, bytes - size) }
}
