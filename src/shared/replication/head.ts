/**
 * What a device signs after each batch: how far it has written, what that hashes to, and how far it has read every device of the account.
 * Canonical CBOR (RFC 8949 §4.2.1); the signed bytes are kept and never encoded again.
 *
 * Rules for evolving: fields may be added as optional only; field names are never reused; no floats.
 */
import { z } from 'zod'
import { compareBytes, concatBytes, utf8 } from '../bytes/bytes.ts'
import { decodeCanonical, encodeCanonical, type CborErrorCode } from '../bytes/canonical-cbor.ts'
import { bytesOf } from '../bytes/schemas.ts'
import { ProtocolError } from '../errors.ts'
import { deviceIdLength, hashBytes } from './envelope.ts'

/** Why bytes are not a head. */
export type HeadErrorCode = CborErrorCode | 'too-large' | 'bad-shape'

/** Entries that one head signs at most. */
export const maxBatchEntries = 256
/** Devices of a frontier: all a chain may have. */
export const maxFrontierDevices = 64
/** Bodies that one head has erased at most. */
export const maxErased = 128
export const maxHeadBytes = 32_768
const signatureLabel = utf8('sotto/v1/replica-head\0')

const seq = z.number().int().min(1)
const time = z.number().int().nonnegative()
const place = { device: bytesOf(deviceIdLength), seq, hash: bytesOf(hashBytes) }
/** Fields of a place in a frontier. */
export const placeShape = { ...place, at: time }

const headSchema = z.object({
  version: z.literal(1),
  account: z.string().max(400),
  /** The writer, its last envelope and the hash of that one's header. */
  ...place,
  /** Envelopes since the head before. */
  count: z.number().int().min(1).max(maxBatchEntries),
  epoch: z.number().int().min(1),
  /** By the writer's clock, milliseconds since 1970. */
  at: time,
  /** The same of the head before; absent in a device's first. Says how old what is missing between two heads is at least. */
  before: time.optional(),
  /** How far the writer has read the other devices, and when they said so, by device id. */
  frontier: z.array(z.object(placeShape)).max(maxFrontierDevices).refine(isSorted),
  /** Bodies of any device of the account that are to be forgotten, each by its hash: tombstones. */
  erased: z
    .array(z.object({ device: place.device, seq, bodyHash: bytesOf(hashBytes) }))
    .min(1)
    .max(maxErased)
    .optional(),
})

export type ReplicaHead = z.output<typeof headSchema>
/** How far a device has written, or was read, and the time of that head. */
export type Place = ReplicaHead['frontier'][number]
/** A body that is to be forgotten. */
export type Tombstone = NonNullable<ReplicaHead['erased']>[number]

/** Canonical bytes of a head. @throws ProtocolError `bad-shape`, `too-large`. */
export function encodeHead(head: ReplicaHead): Uint8Array<ArrayBuffer> {
  if (!headSchema.safeParse(head).success) fail('bad-shape')
  const bytes = encodeCanonical(head)
  return bytes.length <= maxHeadBytes ? bytes : fail('too-large')
}

/** @throws ProtocolError a {@link HeadErrorCode} for anything but the canonical bytes of a head; nothing in it is verified yet. */
export function decodeHead(bytes: Uint8Array): ReplicaHead {
  if (bytes.length > maxHeadBytes) fail('too-large')
  const parsed = headSchema.safeParse(decodeCanonical(bytes))
  return parsed.success ? parsed.data : fail('bad-shape')
}

/** The bytes that the signature of a head covers (Ed25519, RFC 8032). */
export function headSignatureInput(head: Uint8Array): Uint8Array<ArrayBuffer> {
  return concatBytes(signatureLabel, head)
}

/** One order, each device once: equal frontiers are equal bytes. */
export function isSorted(places: readonly { readonly device: Uint8Array }[]): boolean {
  return places.every(({ device }, i) => {
    const before = places[i - 1]
    return before === undefined || compareBytes(before.device, device) < 0
  })
}

function fail(code: HeadErrorCode): never {
  throw new ProtocolError<HeadErrorCode>(code)
}
