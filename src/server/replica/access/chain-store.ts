/**
 * What a store of device chains and epoch boxes has to do, whatever it is built on; `test/contracts/chain-store.ts` holds every store to it.
 * Links are public to the server, boxes are sealed. Every promise resolves when what it did is durable.
 */
import type { ErasureMark, ErasureMarks } from '../erasures/marks.ts'
import type { LinkHash } from '#shared/identity/device-chain.ts'

/** Which version of an account's chain was read; another one after every change. */
export type ChainMark = string

export interface LinkToStore {
  readonly hash: LinkHash
  /** As it came (`shared/model/device-link.ts`). */
  readonly bytes: Uint8Array
}

export interface StoredChain {
  readonly mark: ChainMark
  /** Link 0 first, in the order they were stored; branches of a fork lie in between. */
  readonly links: readonly Uint8Array[]
}

export interface ChainStore {
  /** Null without a chain. Its cost does not depend on how many links there are. */
  mark(account: string): Promise<ChainMark | null>
  links(account: string): Promise<StoredChain | null>
  /** Adds a link if the chain is still what was read (`after`; null = there was none), in one transaction; false if it is not. */
  append(account: string, link: LinkToStore, after: ChainMark | null): Promise<boolean>
  /** Stores a whole chain, link 0 first, in one transaction; false, and nothing, where there is one. */
  begin(account: string, links: readonly LinkToStore[]): Promise<boolean>
}

export { maxBoxBytes } from '#shared/replication/api.ts'

/** A device by its id, 16 bytes, or the paper key. */
export type BoxRecipient = Uint8Array | 'paper'

/** The key of an epoch, sealed to one recipient. */
export interface EpochBox {
  readonly epoch: number
  readonly recipient: BoxRecipient
  /** At most {@link maxBoxBytes}. */
  readonly box: Uint8Array
}

/** `repeated`: the same box was there. `taken`: another one was there, and stays. */
export type BoxAnswer = 'stored' | 'repeated' | 'taken'

export interface BoxStore {
  /** All or nothing: one answer per box, or `quota`, and then none was stored. */
  putBoxes(account: string, boxes: readonly EpochBox[]): Promise<readonly BoxAnswer[] | 'quota'>
  /** By epoch, oldest first. */
  boxes(account: string, recipient: BoxRecipient): Promise<readonly Pick<EpochBox, 'epoch' | 'box'>[]>
  /** Erases the boxes of older epochs, in the database and on the disk; returns how many there were. */
  dropBoxesBefore(account: string, epoch: number): Promise<number>
}

/** Somebody who has no device of the account asked that it is erased; times in ms since 1970. */
export interface ErasureRequest {
  readonly askedAt: number
  readonly dueAt: number
  /** When a device or the paper key said that it stays; null while it waits. */
  readonly keptAt: number | null
}

export interface ErasureRequestStore {
  of(account: string): Promise<ErasureRequest | null>
  /** In place of one before. */
  ask(account: string, request: Pick<ErasureRequest, 'askedAt' | 'dueAt'> & { readonly day: number }): Promise<void>
  /** False where none waits. */
  keep(account: string, at: number): Promise<boolean>
  /** The server runs on this day: counted once for each request that waits, and not on the day it was made. */
  countDay(day: number): Promise<void>
  /** Accounts whose request waits, was due then or before, and has so many days counted. */
  due(when: { readonly at: number; readonly days: number }): Promise<readonly string[]>
  /** Forgets those that were kept before. */
  forgetKept(before: number): Promise<void>
}

export interface AccessStore extends ChainStore, BoxStore {
  readonly erasures: ErasureRequestStore
  readonly marks: ErasureMarks
  /** Erases chain, boxes and the request for it of an account, in the database and on the disk, and marks it in the same transaction. */
  eraseAccount(account: string, mark?: ErasureMark): Promise<void>
  close(): Promise<void>
}
