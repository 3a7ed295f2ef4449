/** Transfers that are not done, as they lie in the encrypted history: one secret. */
import { z } from 'zod'
import { concatBytes, wipe } from '#shared/bytes/bytes.ts'
import { decodeCanonical, encodeCanonical } from '#shared/bytes/canonical-cbor.ts'
import { bytesOf } from '#shared/bytes/schemas.ts'
import { secretOf } from '#shared/bytes/secret.ts'
import { slotIdBytes } from '#shared/linking/slot-id.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { HistoryTransfer } from './transfer-port.ts'

/** A transfer with which end of it this device is, and what the other device is called. */
export interface KeptTransfer extends HistoryTransfer {
  readonly doing: 'giving' | 'taking'
  readonly device: string
}

const keyBytes = 32

/** What is no secret; the keys follow in its order, so that they are never part of anything that cannot be wiped. */
const head = z.array(
  z.object({
    account: z.string().transform((text) => text as Aor),
    slot: bytesOf(slotIdBytes),
    doing: z.enum(['giving', 'taking']),
    device: z.string(),
  }),
)

/** The keys (32 each), then the rest; the caller's to wipe. */
export function encodeTransfers(transfers: readonly KeptTransfer[]): Uint8Array {
  const said = encodeCanonical(transfers.map(({ account, slot, doing, device }) => ({ account, slot, doing, device })))
  return concatBytes(Uint8Array.of(transfers.length), ...transfers.map(({ key }) => key), said)
}

/** The keys are the caller's to wipe. @throws on anything but what {@link encodeTransfers} wrote. */
export function decodeTransfers(bytes: Uint8Array): readonly KeptTransfer[] {
  const [count = 0] = bytes
  const end = 1 + count * keyBytes
  return head.parse(decodeCanonical(bytes.slice(end))).map((said, index) => {
    return { ...said, key: secretOf(bytes.subarray(1 + index * keyBytes, 1 + (index + 1) * keyBytes)) }
  })
}

export function wipeTransfers(transfers: readonly KeptTransfer[]): void {
  wipe(...transfers.map(({ key }) => key))
}
