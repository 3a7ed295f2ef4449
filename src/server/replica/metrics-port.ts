/** Counts what a replica does; nothing that says who did it. */
export interface ReplicaMetricsPort {
  /** `route` = method and path as the interface has them. */
  answered(route: string, status: number): void
  /** Bytes of a batch that was stored now. */
  stored(bytes: number): void
  /** Bytes of batches that were given out. */
  read(bytes: number): void
  /** Bytes of a part of a blob that was taken, and whether the blob is whole now. */
  storedBlob(bytes: number, isWhole: boolean): void
  /** Bytes of blobs that were given out. */
  readBlob(bytes: number): void
  /** Accounts that a backup had brought back, at the start; whether the list that says so is lost. */
  erasedAgain(accounts: number, isListLost: boolean): void
}

const ignore = (): void => undefined
export const noMetrics: ReplicaMetricsPort = {
  ...{ answered: ignore, stored: ignore, read: ignore },
  ...{ storedBlob: ignore, readBlob: ignore, erasedAgain: ignore },
}
