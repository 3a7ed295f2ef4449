/** Seals what this device has observed into its next batch (pure but for the ports handed in). */

import { batchBytes, encodeBatch } from '#shared/replication/batch.ts'
import {
  encodeEnvelopeStart,
  finishHeader,
  hashBytes,
  headerBytes,
  saltBytes,
  type Envelope,
} from '#shared/replication/envelope.ts'
import { encodeHead, headSignatureInput, type Place, type ReplicaHead } from '#shared/replication/head.ts'
import type { ReplicaCrypto, SealedBatch, SealingPort, Unsealed } from './ports.ts'

export interface Writing {
  readonly account: string
  readonly device: Uint8Array
  readonly own: Place | null
  /** How far the other devices are read, sorted by device id. */
  readonly frontier: readonly Place[]
  /** Milliseconds since 1970. */
  readonly at: number
  readonly sealing: SealingPort
  readonly crypto: ReplicaCrypto
}

/** The next batch: all of `unsealed`, which must be at most 256 contents; an empty one carries tombstones alone. */
export function writeBatch(unsealed: Unsealed, writing: Writing): SealedBatch {
  const { account, device, own, frontier, crypto, sealing } = writing
  const first = (own?.seq ?? 0) + 1
  const contents = unsealed.contents.length === 0 ? [new Uint8Array()] : unsealed.contents
  const { envelopes, hash } = chain(contents, first, writing)
  const seq = first + envelopes.length - 1
  // No earlier than the head before, whatever the clock says: ages of what is missing are told by it.
  const at = Math.max(writing.at, own?.at ?? 0)
  const head: ReplicaHead = {
    ...{ version: 1, account, device, seq, hash, count: envelopes.length, epoch: sealing.epoch, at },
    ...(own === null ? {} : { before: own.at }),
    frontier: [...frontier],
    ...(unsealed.erased.length === 0 ? {} : { erased: [...unsealed.erased] }),
  }
  const signed = encodeHead(head)
  const signature = crypto.sign(headSignatureInput(signed))
  const bytes = encodeBatch({ head: signed, signature, envelopes })
  return { place: { device, seq, hash, at }, first, bytes, cursor: unsealed.cursor }
}

function chain(
  contents: readonly Uint8Array[],
  first: number,
  { device, own, crypto, sealing }: Writing,
): { readonly envelopes: readonly Envelope[]; readonly hash: Uint8Array } {
  let hash = own?.hash ?? new Uint8Array(hashBytes)
  const envelopes = contents.map((content, index) => {
    const salt = crypto.random(saltBytes)
    const start = encodeEnvelopeStart({ device, seq: first + index, epoch: sealing.epoch, salt, previous: hash })
    const body = sealing.seal(start, content)
    const header = finishHeader(start, crypto.hash(body))
    hash = crypto.hash(header)
    return { header, body }
  })
  return { envelopes, hash }
}

/** How many of these contents fit into one batch: one at least. */
export function fitting(contents: readonly Uint8Array[], sizeOf: (content: Uint8Array) => number): number {
  let bytes = 0
  const end = contents.findIndex((content) => (bytes += headerBytes + 4 + sizeOf(content)) > batchBytes)
  return end < 0 ? contents.length : Math.max(1, end)
}
