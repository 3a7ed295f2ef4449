/**
 * What a store of sealed histories has to do, whatever it is built on; `test/contracts/replica-store.ts` holds every store to it.
 * Nothing here can be read by the server: headers say who wrote how much and when, bodies are sealed.
 */
import type { ErasureMarks } from './erasures/marks.ts'

/** How far a device has written. */
export interface StoredHead {
  /** 16 bytes. */
  readonly device: Uint8Array
  readonly seq: number
  /** SHA-256 of the last header. */
  readonly hash: Uint8Array
  /** Day the last batch was received (whole days since 1970, UTC). */
  readonly day: number
}

/** A batch whose signature and inner chain were checked. */
export interface BatchToStore {
  readonly device: Uint8Array
  /** Seq of its first and of its last envelope. */
  readonly first: number
  readonly last: number
  /** Hash of the header before the first (zeros for none), and of the last header. */
  readonly previous: Uint8Array
  readonly hash: Uint8Array
  /** Its writer keeps nothing older: where the device has no head it may begin with this, else only with seq 1. */
  readonly begins: boolean
  /** As it came (`shared/replication/batch.ts`). */
  readonly bytes: Uint8Array
}

/**
 * `stored`: durable now. `repeated`: it was stored before, on that day. `fork`: this device has written something else in its
 * place. `gap`: what comes before it is not here. `behind`: it is older than all that is kept of this device.
 */
export type AppendAnswer =
  | { readonly kind: 'stored' | 'repeated'; readonly day: number }
  | { readonly kind: 'fork' | 'gap' | 'behind'; readonly head: StoredHead | null }
  | { readonly kind: 'quota' }

/** Where a reader is: the last seq it has of each device it knows. */
export type Cursor = readonly { readonly device: Uint8Array; readonly seq: number }[]

export interface StoredBatch {
  readonly device: Uint8Array
  readonly first: number
  readonly last: number
  readonly day: number
  readonly bytes: Uint8Array
}

export interface BatchPage {
  /** In the order they were received; of one device without gaps but for days that were dropped. */
  readonly batches: readonly StoredBatch[]
  /** Nothing more is stored beyond these. */
  readonly end: boolean
}

/** A body that its writer says is to be forgotten. */
export interface BodyToErase {
  readonly device: Uint8Array
  readonly seq: number
  /** SHA-256 of the body: another body is left alone. */
  readonly bodyHash: Uint8Array
}

/** What is held of an account's batches. */
export interface ReplicaUsage {
  readonly batches: number
  readonly bytes: number
  /** Day of the oldest batch; null without one. */
  readonly oldestDay: number | null
}

/** Every promise resolves when what it did is durable. */
export interface ReplicaStore {
  /** Absent where it is restored together with the chains of devices, which have such marks themselves. */
  readonly marks?: ErasureMarks
  /**
   * Adds a batch behind its device's head, head and batch in one transaction. The day of receipt is the store's clock's, never earlier than
   * that of anything stored.
   */
  append(account: string, batch: BatchToStore): Promise<AppendAnswer>
  /** Heads of all devices that ever wrote, also of those whose batches are all gone. */
  heads(account: string): Promise<readonly StoredHead[]>
  /** What was received after the cursor, oldest first, up to `maxBytes` (one batch at least). Its cost does not depend on how much is stored. */
  page(account: string, request: { readonly after: Cursor; readonly maxBytes: number }): Promise<BatchPage>
  /** The newest batches of all devices, newest first, up to `maxBytes`: what a screen shows before everything else is there. */
  newest(account: string, maxBytes: number): Promise<readonly StoredBatch[]>
  /**
   * Takes bodies out of their batches, in the database and on the disk; returns how many were there. Those that are not there yet are taken out when
   * they come, as after a rollback they may: that is remembered until the day of this call is dropped.
   */
  eraseBodies(account: string, bodies: readonly BodyToErase[]): Promise<number>
  /** Erases batches and heads of an account, in the database and on the disk. */
  eraseAccount(account: string): Promise<void>
  /** Drops everything received before `day`; heads stay. */
  dropBefore(day: number): Promise<void>
  usage(account: string): Promise<ReplicaUsage>
  /** Finishes what runs; later calls reject. */
  close(): Promise<void>
}

export interface ReplicaStoreLimits {
  /** Bytes of batches that one account may have. */
  readonly accountBytes: number
}
