/** Values as canonical CBOR (RFC 8949 §4.2.1): one value has one encoding, so that its hash and its signature mean the value. */
import { decode, encode } from 'cborg'
import { ProtocolError } from '../errors.ts'
import { CanonicalTokens, strictNumbers } from './canonical-tokens.ts'

/** Why bytes are not canonical CBOR of a plain value. */
export type CborErrorCode = 'not-cbor' | 'not-canonical'

const options = { ...strictNumbers, allowBigInt: false, rejectDuplicateMapKeys: true }

/** Of a value whose maps are objects: of text as keys the library's usual order, which it sorts faster, is that of the RFC. */
export function encodeCanonical(value: unknown): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encode(value))
}

/** @throws ProtocolError a {@link CborErrorCode}; numbers beyond 2^53, floats that are no numbers and undefined are refused. */
export function decodeCanonical(bytes: Uint8Array): unknown {
  const tokenizer = new CanonicalTokens(bytes, options)
  const value = decodePlain(bytes, tokenizer)
  if (!tokenizer.isCanonical) throw new ProtocolError<CborErrorCode>('not-canonical')
  return value
}

function decodePlain(bytes: Uint8Array, tokenizer: CanonicalTokens): unknown {
  try {
    return decode(bytes, { ...options, tokenizer })
  } catch {
    throw new ProtocolError<CborErrorCode>('not-cbor')
  }
}
