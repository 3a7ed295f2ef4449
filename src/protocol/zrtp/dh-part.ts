/** The DHPart1 and DHPart2 messages (RFC 6189 §5.5, §5.6). */
import { concatBytes, copyOf } from '#shared/bytes/bytes.ts'
import { implicitMac } from './implicit.ts'
import { frame, headBytes, imageBytes, shortMacBytes } from './message.ts'
import { FieldReader } from './wire.ts'

/** Hashes of the secrets that the sender may share with the receiver, 64 bits each (§4.3.1). */
export interface SecretIds {
  readonly rs1: Uint8Array
  readonly rs2: Uint8Array
  readonly aux: Uint8Array
  readonly pbx: Uint8Array
}

export interface DhPart {
  readonly h1: Uint8Array
  readonly ids: SecretIds
  readonly publicValue: Uint8Array
}

const fixedBytes = headBytes + imageBytes + 4 * shortMacBytes + shortMacBytes

/** The message with the MAC of key H0. */
export function encodeDhPart(type: 'DHPart1 ' | 'DHPart2 ', part: DhPart, h0: Uint8Array): Uint8Array {
  const { h1, ids, publicValue } = part
  const unsigned = frame(type, [h1, ids.rs1, ids.rs2, ids.aux, ids.pbx, publicValue], shortMacBytes)
  return concatBytes(unsigned, implicitMac(h0, unsigned))
}

/** The fields of a message of either type with a public value of `publicValueBytes`, or null for another length. */
export function decodeDhPart(message: Uint8Array, publicValueBytes: number): DhPart | null {
  if (message.length !== fixedBytes + publicValueBytes) return null
  const fields = new FieldReader(message, headBytes)
  const h1 = copyOf(fields.take(imageBytes))
  const [rs1, rs2] = [copyOf(fields.take(shortMacBytes)), copyOf(fields.take(shortMacBytes))]
  const [aux, pbx] = [copyOf(fields.take(shortMacBytes)), copyOf(fields.take(shortMacBytes))]
  return { h1, ids: { rs1, rs2, aux, pbx }, publicValue: copyOf(fields.take(publicValueBytes)) }
}
