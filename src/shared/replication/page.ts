/**
 * Batches as they travel together; numbers are big-endian.
 *
 *     0        then per batch:          at the end:
 *     version  length (4), batch     mark (4): 0 = more is stored, 2^32 − 1 = nothing more
 *
 * Without its mark a page was cut off on the way.
 */
import { concatBytes } from '../bytes/bytes.ts'
import { ProtocolError } from '../errors.ts'
import { maxBatchBytes } from './api.ts'

/** Why bytes are not a page. */
export type PageErrorCode = 'bad-length' | 'bad-version'

export interface Page {
  readonly batches: readonly Uint8Array[]
  /** Nothing more is stored beyond these. */
  readonly end: boolean
}

const version = 1
const more = 0
const noMore = 0xffff_ffff
const numberBytes = 4

export function encodePage({ batches, end }: Page): Uint8Array<ArrayBuffer> {
  const framed = batches.flatMap((batch) => [uint32(batch.length), batch])
  return concatBytes(Uint8Array.of(version), ...framed, uint32(end ? noMore : more))
}

/**
 * Reads a page; the batches are copies, and nothing in them is checked.
 * @throws ProtocolError a {@link PageErrorCode}.
 */
export function decodePage(bytes: Uint8Array): Page {
  if (bytes.length < 1 + numberBytes) fail('bad-length')
  if (bytes[0] !== version) fail('bad-version')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const batches: Uint8Array[] = []
  const markAt = bytes.length - numberBytes
  for (let at = 1; at < markAt;) {
    const length = view.getUint32(at)
    const [from, to] = [at + numberBytes, at + numberBytes + length]
    if (length < 1 || length > maxBatchBytes || to > markAt) fail('bad-length')
    batches.push(bytes.slice(from, to))
    at = to
  }
  const mark = view.getUint32(markAt)
  if (mark !== more && mark !== noMore) fail('bad-length')
  return { batches, end: mark === noMore }
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(numberBytes)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

function fail(code: PageErrorCode): never {
  throw new ProtocolError<PageErrorCode>(code)
}
