/**
 * What the two ends of a linking say to each other once they have a key: canonical CBOR, cut into sealed pieces that each begin with a byte,
 * 1 where more of the message follows, else 0.
 *
 * Rules for evolving: fields may be added as optional only; kinds and field names are never reused; no floats.
 */
import { z } from 'zod'
import { parcelSchema } from './parcel.ts'
import { maxPieceContent } from './sealed-piece.ts'
import { concatBytes } from '#shared/bytes/bytes.ts'
import { decodeCanonical, encodeCanonical, type CborErrorCode } from '#shared/bytes/canonical-cbor.ts'
import { bytesOf, bytesUpTo } from '#shared/bytes/schemas.ts'
import { ProtocolError } from '#shared/errors.ts'
import { deviceKeys, maxLinkBytes } from '#shared/model/device-link.ts'

export type LinkMessageError = CborErrorCode | 'bad-shape' | 'too-large' | 'bad-part'

/** A chain of 8,000 links and what goes with it. */
export const maxMessageBytes = 67_108_864
/** What an end may say why it stops; anything else is `failed`. */
const reasons = ['cancelled', 'clocks-differ', 'chain-invalid', 'tampered', 'failed'] as const
export type LinkReason = (typeof reasons)[number]

const stop = z.object({ kind: z.literal('stop'), reason: z.enum(reasons) })

/** From the new device. `at`: its clock, milliseconds since 1970. */
const toOld = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('hello'), at: z.number().int().nonnegative(), keys: deviceKeys }),
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

/** Cuts a message into contents of pieces. */
export function cutMessage(message: Uint8Array): readonly Uint8Array[] {
  const partBytes = maxPieceContent - 1
  const count = Math.max(1, Math.ceil(message.length / partBytes))
  return Array.from({ length: count }, (_none, index) =>
    concatBytes(Uint8Array.of(index + 1 < count ? 1 : 0), message.subarray(index * partBytes, (index + 1) * partBytes)),
  )
}

/** Puts messages together from opened contents of pieces, in order. */
export class MessageParts {
  #parts: Uint8Array[] = []
  #bytes = 0

  /** The message that ends with this part; null while more follows. @throws ProtocolError `bad-part`, `too-large`. */
  add(content: Uint8Array): Uint8Array | null {
    const more = content[0]
    if (more === undefined || more > 1) throw new ProtocolError<LinkMessageError>('bad-part')
    this.#parts.push(content.subarray(1))
    this.#bytes += content.length
    if (this.#bytes > maxMessageBytes) throw new ProtocolError<LinkMessageError>('too-large')
    if (more === 1) return null
    const whole = concatBytes(...this.#parts)
    this.#parts = []
    this.#bytes = 0
    return whole
  }
}

function decodeAs<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  const parsed = schema.safeParse(decodeCanonical(bytes))
  if (!parsed.success) throw new ProtocolError<LinkMessageError>('bad-shape')
  return parsed.data
}
