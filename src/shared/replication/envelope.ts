/**
 * Header of an envelope, 125 bytes; numbers are big-endian. The hash of a header names the envelope and everything its device wrote before.
 *
 *     0        1               17          25          29         61             93              125
 *     version  device (16)     seq (8)     epoch (4)   salt (32)  previous (32)  body hash (32)
 *
 * The first 93 bytes are the associated data of the body, which is sealed before its hash is known.
 */
import { ProtocolError } from '../errors.ts'

export const envelopeVersion = 1
export const deviceIdLength = 16
export const hashBytes = 32
export const saltBytes = 32
export const headerBytes = 125
/** Bytes of a header that its body is sealed with. */
export const sealedHeaderBytes = 93

/** Why bytes are not a header. */
export type EnvelopeErrorCode = 'bad-length' | 'bad-version' | 'bad-number'

/** What stands in a header before its body is sealed. */
export interface EnvelopeStart {
  /** Id of the writing device: 16 bytes. */
  readonly device: Uint8Array
  /** 1, 2, 3 … per device. */
  readonly seq: number
  readonly epoch: number
  /** 32 random bytes, used once. */
  readonly salt: Uint8Array
  /** SHA-256 of this device's header before; 32 zeros for the first. */
  readonly previous: Uint8Array
}

export interface EnvelopeHeader extends EnvelopeStart {
  /** SHA-256 of the sealed body. */
  readonly bodyHash: Uint8Array
}

/** A header and its sealed body; the body may be gone for a reason that can be checked. */
export interface Envelope {
  readonly header: Uint8Array
  readonly body: Uint8Array | null
}

const at = { device: 1, seq: 17, epoch: 25, salt: 29, previous: 61, bodyHash: 93 } as const

/**
 * The bytes that a body is sealed with.
 * @throws ProtocolError an {@link EnvelopeErrorCode}.
 */
export function encodeEnvelopeStart(start: EnvelopeStart): Uint8Array<ArrayBuffer> {
  requireLengths(start)
  if (!Number.isSafeInteger(start.seq) || start.seq < 1 || !isEpoch(start.epoch)) fail('bad-number')
  const bytes = new Uint8Array(sealedHeaderBytes)
  const view = new DataView(bytes.buffer)
  bytes[0] = envelopeVersion
  bytes.set(start.device, at.device)
  view.setUint32(at.seq, Math.floor(start.seq / 2 ** 32))
  view.setUint32(at.seq + 4, start.seq % 2 ** 32)
  view.setUint32(at.epoch, start.epoch)
  bytes.set(start.salt, at.salt)
  bytes.set(start.previous, at.previous)
  return bytes
}

/** A whole header: what {@link encodeEnvelopeStart} gave, and the hash of the body sealed with it. */
export function finishHeader(start: Uint8Array, bodyHash: Uint8Array): Uint8Array<ArrayBuffer> {
  if (start.length !== sealedHeaderBytes || bodyHash.length !== hashBytes) fail('bad-length')
  const bytes = new Uint8Array(headerBytes)
  bytes.set(start)
  bytes.set(bodyHash, at.bodyHash)
  return bytes
}

/**
 * Reads a header; its parts are views of it.
 * @throws ProtocolError an {@link EnvelopeErrorCode}.
 */
export function decodeHeader(bytes: Uint8Array): EnvelopeHeader {
  if (bytes.length !== headerBytes) fail('bad-length')
  if (bytes[0] !== envelopeVersion) fail('bad-version')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const seq = view.getUint32(at.seq) * 2 ** 32 + view.getUint32(at.seq + 4)
  const epoch = view.getUint32(at.epoch)
  if (!Number.isSafeInteger(seq) || seq < 1 || !isEpoch(epoch)) fail('bad-number')
  return {
    device: bytes.subarray(at.device, at.seq),
    ...{ seq, epoch },
    salt: bytes.subarray(at.salt, at.previous),
    previous: bytes.subarray(at.previous, at.bodyHash),
    bodyHash: bytes.subarray(at.bodyHash),
  }
}

function requireLengths({ device, salt, previous }: EnvelopeStart): void {
  if (device.length !== deviceIdLength || salt.length !== saltBytes || previous.length !== hashBytes) fail('bad-length')
}

const isEpoch = (epoch: number): boolean => Number.isInteger(epoch) && epoch >= 1 && epoch <= 0xffff_ffff

function fail(code: EnvelopeErrorCode): never {
  throw new ProtocolError<EnvelopeErrorCode>(code)
}
