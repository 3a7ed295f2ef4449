/** What the engine of replication needs: a server to talk to, a journal that survives, keys, a clock. */
import type { BatchCrypto } from '#shared/replication/check-batch.ts'
import type { Place, Tombstone } from '#shared/replication/head.ts'
import type { ReplicaFault } from './faults.ts'

/** Where the server says a device is. */
export type ServerHead = Pick<Place, 'device' | 'seq' | 'hash'>

export type PushAnswer = { readonly kind: 'taken' } | { readonly kind: 'refused'; readonly head: ServerHead | null }

/** Rejects when the server cannot be reached, or says nothing that can be used: nothing has changed then. */
export interface ReplicaServerPort {
  heads(): Promise<readonly ServerHead[]>
  /** `begins` = nothing older is kept here: the server may take it as this device's first. */
  push(batch: Uint8Array, begins: boolean): Promise<PushAnswer>
  page(
    after: readonly Pick<Place, 'device' | 'seq'>[],
  ): Promise<{ readonly batches: readonly Uint8Array[]; readonly end: boolean }>
  /** The newest batches of all devices, newest first. */
  newest(maxBytes: number): Promise<readonly Uint8Array[]>
}

/** Something to replicate, in the order this device observed it. */
export interface Unsealed {
  readonly contents: readonly Uint8Array[]
  /** Where to go on after them. */
  readonly cursor: number
  readonly erased: readonly Tombstone[]
}

/** A body that did not come with its envelope: unlawful unless a tombstone names it, or its time is up. */
export interface MissingBody extends Tombstone {
  /** When its batch was signed. */
  readonly at: number
}

/** What came out of an envelope. */
export interface OpenedContent {
  readonly seq: number
  readonly bodyHash: Uint8Array
  readonly content: Uint8Array
}

/** What one checked batch of another device brings. */
export interface ReadBatch {
  readonly place: Place
  /** What opened, in order. */
  readonly contents: readonly OpenedContent[]
  /** Whole envelopes whose key is not here: kept, and opened when it comes. */
  readonly unopened: readonly { readonly header: Uint8Array; readonly body: Uint8Array }[]
  readonly missing: readonly MissingBody[]
  /** How far its writer had read. */
  readonly frontier: readonly Place[]
  readonly erased: readonly Tombstone[]
}

/** Of a checked batch what is shown before everything older is here; its place is only claimed until it is read in its turn. */
export type EarlyBatch = Pick<ReadBatch, 'place' | 'contents'>

export interface SealedBatch {
  readonly place: Place
  readonly first: number
  readonly bytes: Uint8Array
  /** Everything up to here is sealed. */
  readonly cursor: number
}

/** Every change is one transaction and durable when its promise resolves. */
export interface ReplicaJournal {
  /** How far this device has sealed; null before its first batch. */
  own(): Place | null
  /** How far the server has confirmed. */
  confirmed(): number
  /** How far the other devices are read. */
  places(): readonly Place[]
  /** The farthest that anybody said of a device. */
  claims(): readonly Place[]
  /** Hash of a device's header at the end of a batch that was read or claimed; null when unknown. */
  hashAt(device: Uint8Array, seq: number): Uint8Array | null
  missing(): readonly MissingBody[]
  /** Those of these bodies for which a tombstone was seen, or is this device's own, sent or not. */
  erasedAmong(bodies: readonly MissingBody[]): Promise<readonly Tombstone[]>
  /** Up to `most` contents that no batch has yet, of these as many as `fitting` says; null when there is nothing to say. */
  unsealed(most: number, fitting: (contents: readonly Uint8Array[]) => number): Promise<Unsealed | null>
  /** The sealed batch that begins with this seq; kept as long as a server may lose it. */
  sealed(first: number): Promise<SealedBatch | null>
  /** First seq of the oldest of these; the next one to be written when there is none. */
  oldestSealed(): number
  keepSealed(batch: SealedBatch): Promise<void>
  keepConfirmed(seq: number): Promise<void>
  /** Batches in the order of their devices, in one transaction; one that was read before changes nothing. */
  keepRead(batches: readonly ReadBatch[]): Promise<void>
  /** Contents ahead of their turn: `keepRead` brings them once more, and each is held once. One that was read before changes nothing. */
  keepEarly(batches: readonly EarlyBatch[]): Promise<void>
  /** Remembers a fault; the same one again is no change. */
  keepFault(fault: ReplicaFault): Promise<void>
  /** All that were kept. */
  faults(): readonly ReplicaFault[] | Promise<readonly ReplicaFault[]>
  /** Missing bodies that are explained now. */
  forgetMissing(bodies: readonly Tombstone[]): Promise<void>
}

/** Opens and seals; the keys stay behind it. */
export interface SealingPort {
  /** Number of the epoch that is written with now. */
  readonly epoch: number
  /** `start` = first 93 bytes of the header. */
  seal(start: Uint8Array, content: Uint8Array): Uint8Array
  /** Null: it does not open. `no-key`: the key of its epoch is not here, or not yet. */
  open(header: Uint8Array, body: Uint8Array): Uint8Array | null | 'no-key'
}

/** The devices of an account, as their chain says. */
export interface ReplicaDevices {
  /** This device. */
  readonly own: Uint8Array
  /** Ed25519 key of a device that may write or once might, or null. */
  keyOf(device: Uint8Array): Uint8Array | null
  /** The last envelope of a device that counts; null = all of them. */
  countsUntil(device: Uint8Array): number | null
  /** Looks whether the chain has devices that are not known here yet. */
  refresh(): Promise<void>
}

export interface ReplicaCrypto extends BatchCrypto {
  /** Ed25519 signature of this device. */
  sign(message: Uint8Array): Uint8Array
  random(length: number): Uint8Array
}
