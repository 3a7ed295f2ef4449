/** Values as canonical CBOR (RFC 8949 §4.2.1): one value has one encoding, so that its hash and its signature mean the value. */
import { decode, encode, rfc8949EncodeOptions } from 'cborg'
import { ProtocolError } from '../errors.ts'
import { equalBytes } from './bytes.ts'

/** Why bytes are not canonical CBOR of a plain value. */
export type CborErrorCode = 'not-cbor' | 'not-canonical'

export function encodeCanonical(value: unknown): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(encode(value, rfc8949EncodeOptions))
}

/** @throws ProtocolError a {@link CborErrorCode}; numbers beyond 2^53, floats that are no numbers and undefined are refused. */
export function decodeCanonical(bytes: Uint8Array): unknown {
  const value = decodePlain(bytes)
  if (!equalBytes(encode(value, rfc8949EncodeOptions), bytes)) throw new ProtocolError<CborErrorCode>('not-canonical')
  return value
}

function decodePlain(bytes: Uint8Array): unknown {
  try {
    return decode(bytes, {
      ...{ allowIndefinite: false, allowUndefined: false, allowInfinity: false, allowNaN: false, allowBigInt: false },
      ...{ strict: true, rejectDuplicateMapKeys: true },
    })
  } catch {
    throw new ProtocolError<CborErrorCode>('not-cbor')
  }
}
