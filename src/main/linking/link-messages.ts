/**
 * What the two ends of a linking say to each other once they have a key: canonical CBOR, cut into sealed pieces that each begin with a byte
 * (`message-parts.ts`).
 *
 * Rules for evolving: fields may be added as optional only; kinds and field names are never reused; no floats.
 */
import { z } from 'zod'
import { parcelSchema } from './parcel.ts'
import { decodeCanonical, encodeCanonical, type CborErrorCode } from '#shared/bytes/canonical-cbor.ts'
import { bytesOf, bytesUpTo } from '#shared/bytes/schemas.ts'
import { ProtocolError } from '#shared/errors.ts'
import { deviceOffer, maxLinkBytes } from '#shared/model/device-link.ts'

export type LinkMessageError = CborErrorCode | 'bad-shape'

/** What an end may say why it stops; anything else is `failed`. */
const reasons = ['cancelled', 'clocks-differ', 'chain-invalid', 'tampered', 'failed'] as const
export type LinkReason = (typeof reasons)[number]

const stop = z.object({ kind: z.literal('stop'), reason: z.enum(reasons) })

/** From the new device. `at`: its clock, milliseconds since 1970. */
const toOld = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('hello'), at: z.number().int().nonnegative(), keys: deviceOffer }),
  /** Ed25519 of the new device over the link that `cosign` asked for. */
  z.object({ kind: z.literal('signature'), signature: bytesOf(64) }),
  /** Everything is on the new device's disk. */
  z.object({ kind: z.literal('taken') }),
  stop,
])
/** From the old device. `cosign`: body of the `add` link that the new device has to sign. */
const toNew = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('cosign'), body: bytesUpTo(maxLinkBytes) }),
  parcelSchema,
  stop,
])
export type ToOld = z.output<typeof toOld>
export type ToNew = z.output<typeof toNew>

/** @throws ProtocolError a {@link LinkMessageError}. */
export function decodeToOld(bytes: Uint8Array): ToOld {
  return decodeAs(toOld, bytes)
}

/** @throws ProtocolError a {@link LinkMessageError}. */
export function decodeToNew(bytes: Uint8Array): ToNew {
  return decodeAs(toNew, bytes)
}

export function encodeMessage(message: ToOld | ToNew): Uint8Array {
  return encodeCanonical(message)
}

function decodeAs<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  const parsed = schema.safeParse(decodeCanonical(bytes))
  if (!parsed.success) throw new ProtocolError<LinkMessageError>('bad-shape')
  return parsed.data
}
