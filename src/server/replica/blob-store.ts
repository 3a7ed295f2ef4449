/**
 * What a store of sealed attachments has to do, whatever it is built on; `test/contracts/blob-store.ts` holds every store to it. A blob is known by
 * the SHA-256 of its bytes alone: no name, no type, and a size that was padded.
 */

/** Some of a blob's bytes. */
export interface BlobPart {
  /** SHA-256 of the whole blob. */
  readonly hash: Uint8Array
  /** Bytes of the whole blob. */
  readonly size: number
  /** Where these bytes begin; not empty, and not beyond `size`. */
  readonly at: number
  readonly bytes: Uint8Array
}

/**
 * `stored`: whole, its hash checked, durable now. `repeated`: it was stored before, on that day. `part`: all before `next` is durable; go on from there.
 * `wrong-hash`: all came, and it was another blob: nothing of it is kept.
 */
export type BlobAnswer =
  | { readonly kind: 'stored' | 'repeated'; readonly day: number }
  | { readonly kind: 'part'; readonly next: number }
  | { readonly kind: 'quota' | 'wrong-hash' }

/** How much of a blob is here; of one that is not whole, `next` is where to go on. */
export interface BlobState {
  readonly whole: boolean
  readonly next: number
}

/** What is held of an account; a blob that is not whole yet counts as if it were. */
export interface BlobUsage {
  readonly blobs: number
  readonly bytes: number
  /** Day of the oldest; null without one. */
  readonly oldestDay: number | null
}

/** Every promise resolves when what it did is durable. */
export interface BlobStore {
  /** Adds a part behind those that are here. The day of a blob is that of its first part. */
  put(account: string, part: BlobPart): Promise<BlobAnswer>
  /** Of each hash how much is here. */
  states(account: string, hashes: readonly Uint8Array[]): Promise<readonly BlobState[]>
  /** Bytes of a whole blob from `at` on, up to `most`; null where it is not here. */
  read(
    account: string,
    hash: Uint8Array,
    range: { readonly at: number; readonly most: number },
  ): Promise<{ readonly size: number; readonly bytes: Uint8Array } | null>
  /** Erases blobs, in the database and on the disk; returns how many were there. */
  erase(account: string, hashes: readonly Uint8Array[]): Promise<number>
  /** Erases all blobs of an account, in the database and on the disk. Asked again, it finishes what was interrupted. */
  eraseAccount(account: string): Promise<void>
  /** Drops everything received before `day`. */
  dropBefore(day: number): Promise<void>
  usage(account: string): Promise<BlobUsage>
  /** Finishes what runs; later calls reject. */
  close(): Promise<void>
}

export interface BlobStoreLimits {
  /** Bytes of blobs that one account may have. */
  readonly accountBlobBytes: number
}
