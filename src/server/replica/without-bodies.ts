/** Takes bodies out of a batch; what its device signed still holds (pure). */
import { equalBytes } from '#shared/bytes/bytes.ts'
import { decodeBatch, encodeBatch } from '#shared/replication/batch.ts'
import { decodeHeader, type Envelope } from '#shared/replication/envelope.ts'
import type { BodyToErase } from './replica-store.ts'

/** The batch without those of the bodies that are in it; null when none is. */
export function withoutBodies(
  bytes: Uint8Array,
  bodies: readonly BodyToErase[],
): { readonly bytes: Uint8Array; readonly erased: number } | null {
  const batch = decodeBatch(bytes)
  const isMeant = ({ header, body }: Envelope): boolean => {
    const { seq, bodyHash } = decodeHeader(header)
    return body !== null && bodies.some((each) => each.seq === seq && equalBytes(each.bodyHash, bodyHash))
  }
  const envelopes = batch.envelopes.map((each) => (isMeant(each) ? { header: each.header, body: null } : each))
  const erased = envelopes.filter((each, index) => each !== batch.envelopes[index]).length
  return erased === 0 ? null : { bytes: encodeBatch({ ...batch, envelopes }), erased }
}
