/** Counts what a replica does; nothing that says who did it. */
export interface ReplicaMetricsPort {
  /** `route` = method and path as the interface has them. */
  answered(route: string, status: number): void
  /** Bytes of a batch that was stored now. */
  stored(bytes: number): void
  /** Bytes of batches that were given out. */
  read(bytes: number): void
}

const ignore = (): void => undefined
export const noMetrics: ReplicaMetricsPort = { answered: ignore, stored: ignore, read: ignore }
