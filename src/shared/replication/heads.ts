/**
 * Heads that the devices of a person send each other without the replica: SIP MESSAGE to the own address. Numbers are big-endian.
 *
 *     0        1              17          21          53               117
 *     version  device (16)    epoch (4)   salt (32)   signature (64)   sealed, padded: statement
 *
 * The first 53 bytes are the associated data of what is sealed; the signature covers them and what is sealed, so that who has no key of the epoch
 * knows nevertheless whose it is. The statement is canonical CBOR (RFC 8949 §4.2.1). Rules for evolving: as for the head of a batch.
 */
import { z } from 'zod'
import { concatBytes, utf8 } from '../bytes/bytes.ts'
import { decodeCanonical, encodeCanonical, type CborErrorCode } from '../bytes/canonical-cbor.ts'
import { bytesOf } from '../bytes/schemas.ts'
import { ProtocolError } from '../errors.ts'
import { signatureBytes } from './batch.ts'
import { deviceIdLength, hashBytes, saltBytes } from './envelope.ts'
import { isSorted, maxFrontierDevices, placeShape } from './head.ts'
import { lengthBytes } from './size-classes.ts'

export const headsMediaType = 'application/vnd.sotto.heads'
export const headsVersion = 1
/** Bytes before the signature. */
export const headsFrontBytes = 53
const sealedAt = headsFrontBytes + signatureBytes
const tagBytes = 16
const largestClass = 8192
/** A whole message at most. */
export const maxHeadsBytes = sealedAt + largestClass + tagBytes
const maxStatementBytes = largestClass - lengthBytes
const label = utf8('sotto/v1/replica-heads\0')
const at = { device: 1, epoch: 17, salt: 21 } as const

/** Whether a content type says that a body is heads. */
export function isHeads(contentType: string): boolean {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase() === headsMediaType
}

/** Why bytes are no heads. */
export type HeadsErrorCode = CborErrorCode | 'bad-length' | 'bad-version' | 'bad-number' | 'bad-shape'

/** What stands before the sealed statement. */
export interface HeadsFront {
  /** Id of the sender: 16 bytes. */
  readonly device: Uint8Array
  /** Whose key seals it. */
  readonly epoch: number
  /** 32 random bytes, used once. */
  readonly salt: Uint8Array
}

const statementSchema = z.object({
  version: z.literal(1),
  account: z.string().max(400),
  /** The sender, and the epoch, as in front. */
  device: bytesOf(deviceIdLength),
  epoch: z.number().int().min(1),
  /** By the sender's clock, milliseconds since 1970; more than in whatever it sent before. */
  at: z.number().int().nonnegative(),
  /** How many links of the device chain count for the sender, and the hash of the last one. */
  chain: z.object({ length: z.number().int().min(1), head: bytesOf(hashBytes) }),
  /** How far the sender has read the other devices, and what a server has confirmed of its own, by device id. */
  frontier: z.array(z.object(placeShape)).max(maxFrontierDevices).refine(isSorted),
})

export type HeadsStatement = z.output<typeof statementSchema>

/** @throws ProtocolError a {@link HeadsErrorCode}. */
export function encodeHeadsFront({ device, epoch, salt }: HeadsFront): Uint8Array<ArrayBuffer> {
  if (device.length !== deviceIdLength || salt.length !== saltBytes) fail('bad-length')
  if (!isEpoch(epoch)) fail('bad-number')
  const bytes = new Uint8Array(headsFrontBytes)
  bytes[0] = headsVersion
  bytes.set(device, at.device)
  new DataView(bytes.buffer).setUint32(at.epoch, epoch)
  bytes.set(salt, at.salt)
  return bytes
}

/** A message in its parts; none is verified yet. */
export interface Heads extends HeadsFront {
  readonly front: Uint8Array
  readonly signature: Uint8Array
  readonly sealed: Uint8Array
}

export function encodeHeads({ front, signature, sealed }: Omit<Heads, keyof HeadsFront>): Uint8Array<ArrayBuffer> {
  return concatBytes(front, signature, sealed)
}

/** Reads a message; its parts are views of it. @throws ProtocolError a {@link HeadsErrorCode}. */
export function decodeHeads(bytes: Uint8Array): Heads {
  if (bytes.length <= sealedAt || bytes.length > maxHeadsBytes) fail('bad-length')
  if (bytes[0] !== headsVersion) fail('bad-version')
  const epoch = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at.epoch)
  if (!isEpoch(epoch)) fail('bad-number')
  return {
    device: bytes.subarray(at.device, at.epoch),
    ...{ epoch, salt: bytes.subarray(at.salt, headsFrontBytes) },
    front: bytes.subarray(0, headsFrontBytes),
    ...{ signature: bytes.subarray(headsFrontBytes, sealedAt), sealed: bytes.subarray(sealedAt) },
  }
}

/** Canonical bytes of a statement. @throws ProtocolError `bad-shape`, `bad-length`. */
export function encodeStatement(statement: HeadsStatement): Uint8Array<ArrayBuffer> {
  if (!statementSchema.safeParse(statement).success) fail('bad-shape')
  const bytes = encodeCanonical(statement)
  return bytes.length <= maxStatementBytes ? bytes : fail('bad-length')
}

/** What was sealed, read. @throws ProtocolError a {@link HeadsErrorCode}. */
export function decodeStatement(bytes: Uint8Array): HeadsStatement {
  if (bytes.length > maxStatementBytes) fail('bad-length')
  const parsed = statementSchema.safeParse(decodeCanonical(bytes))
  return parsed.success ? parsed.data : fail('bad-shape')
}

/** The bytes that the signature covers (Ed25519, RFC 8032). */
export function headsSignatureInput({ front, sealed }: Pick<Heads, 'front' | 'sealed'>): Uint8Array<ArrayBuffer> {
  return concatBytes(label, front, sealed)
}

/** The `info` that the key of a message is derived with. */
export function headsKeyInfo(device: Uint8Array): Uint8Array<ArrayBuffer> {
  return concatBytes(label, device)
}

const isEpoch = (epoch: number): boolean => Number.isInteger(epoch) && epoch >= 1 && epoch <= 0xffff_ffff

function fail(code: HeadsErrorCode): never {
  throw new ProtocolError<HeadsErrorCode>(code)
}
