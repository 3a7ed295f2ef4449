import { equalBytes } from '#shared/bytes/bytes.ts'
import { decodeBatch, encodeBatch } from '#shared/replication/batch.ts'
import { decodeHeader } from '#shared/replication/envelope.ts'
import type { BodyToErase } from './replica-store.ts'

/** A batch without the bodies that are named and there (device is that of the batch), and how many those were. */
export function takeBodies(
  bytes: Uint8Array,
  bodies: readonly Pick<BodyToErase, 'seq' | 'bodyHash'>[],
): { readonly bytes: Uint8Array; readonly taken: number } {
  const batch = decodeBatch(bytes)
  let taken = 0
  const envelopes = batch.envelopes.map((envelope) => {
    const { seq, bodyHash } = decodeHeader(envelope.header)
    const isMeant = bodies.some((body) => body.seq === seq && equalBytes(body.bodyHash, bodyHash))
    if (!isMeant || envelope.body === null) return envelope
    taken++
    return { ...envelope, body: null }
  })
  return taken === 0 ? { bytes, taken } : { bytes: encodeBatch({ ...batch, envelopes }), taken }
}
