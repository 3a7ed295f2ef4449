/**
 * A batch: what one device wrote in a row, with the head it signed afterwards. Numbers are big-endian.
 *
 *     0        1                  5      5 + n       69 + n     71 + n
 *     version  length of head n   head   signature   count      then per envelope: header (125), length of body, body
 *
 * The length of a body that is gone is 2^32 − 1.
 */
import { concatBytes } from '../bytes/bytes.ts'
import { ProtocolError } from '../errors.ts'
import { headerBytes, type Envelope } from './envelope.ts'
import { maxBatchEntries, maxHeadBytes } from './head.ts'
import { maxBodyBytes } from './size-classes.ts'

export const batchVersion = 1
export const signatureBytes = 64
/** A batch is cut before it grows beyond this; one entry alone may be larger. */
export const batchBytes = 1_048_576
const gone = 0xffff_ffff
const frontBytes = 5

/** Why bytes are not a batch. */
export type BatchErrorCode = 'bad-length' | 'bad-version' | 'bad-count'

export interface Batch {
  /** Canonical bytes of a {@link ReplicaHead}. */
  readonly head: Uint8Array
  /** Ed25519, of the device that the head names. */
  readonly signature: Uint8Array
  /** In the order they were written, at least one. */
  readonly envelopes: readonly Envelope[]
}

/** @throws ProtocolError a {@link BatchErrorCode}. */
export function encodeBatch({ head, signature, envelopes }: Batch): Uint8Array<ArrayBuffer> {
  if (head.length > maxHeadBytes || signature.length !== signatureBytes) fail('bad-length')
  if (envelopes.length < 1 || envelopes.length > maxBatchEntries) fail('bad-count')
  return concatBytes(
    Uint8Array.of(batchVersion),
    ...[uint32(head.length), head, signature, uint16(envelopes.length)],
    ...envelopes.flatMap(encodeEnvelope),
  )
}

/**
 * Reads a batch; its parts are views of it, and nothing in it is checked yet (see `check-batch.ts`).
 * @throws ProtocolError a {@link BatchErrorCode}.
 */
export function decodeBatch(bytes: Uint8Array): Batch {
  const reader = new Reader(bytes)
  if (reader.take(1)[0] !== batchVersion) fail('bad-version')
  const head = reader.take(reader.length(maxHeadBytes))
  const signature = reader.take(signatureBytes)
  const count = reader.uint16()
  if (count < 1 || count > maxBatchEntries) fail('bad-count')
  const envelopes: Envelope[] = []
  while (envelopes.length < count) envelopes.push(reader.envelope())
  if (!reader.isDone) fail('bad-length')
  return { head, signature, envelopes }
}

function encodeEnvelope({ header, body }: Envelope): readonly Uint8Array[] {
  if (header.length !== headerBytes || (body !== null && body.length > maxBodyBytes)) fail('bad-length')
  return body === null ? [header, uint32(gone)] : [header, uint32(body.length), body]
}

function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 255)
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    if (bytes.length < frontBytes) fail('bad-length')
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get isDone(): boolean {
    return this.#at === this.#bytes.length
  }

  take(length: number): Uint8Array {
    const end = this.#at + length
    if (end > this.#bytes.length) fail('bad-length')
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }

  length(most: number): number {
    const at = this.#at
    this.take(4)
    const length = this.#view.getUint32(at)
    return length <= most ? length : fail('bad-length')
  }

  uint16(): number {
    const at = this.#at
    this.take(2)
    return this.#view.getUint16(at)
  }

  envelope(): Envelope {
    const header = this.take(headerBytes)
    const length = this.length(gone)
    if (length === gone) return { header, body: null }
    return length <= maxBodyBytes ? { header, body: this.take(length) } : fail('bad-length')
  }
}

function fail(code: BatchErrorCode): never {
  throw new ProtocolError<BatchErrorCode>(code)
}
