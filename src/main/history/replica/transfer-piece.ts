/** Bytes of a piece of a history: canonical CBOR (RFC 8949 §4.2.1), hostile until it is decoded. */
import { z } from 'zod'
import { decodeCanonical, encodeCanonical } from '#shared/bytes/canonical-cbor.ts'
import { bytesOf, bytesUpTo } from '#shared/bytes/schemas.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import { maxEntryBytes } from '#shared/model/limits.ts'
import { deviceIdLength, hashBytes, headerBytes } from '#shared/replication/envelope.ts'
import { maxBodyBytes } from '#shared/replication/size-classes.ts'
import { maxPieceBytes } from '../transfer-port.ts'

/** Entries, envelopes and hashes of one piece at most. */
export const most = { entries: 4000, envelopes: 8000, hashes: 200_000, devices: 64 } as const

const seq = z.number().int().min(1)
const time = z.number().int().nonnegative()
const device = bytesOf(deviceIdLength)
const hash = bytesOf(hashBytes)
const place = z.object({ device, seq, hash, at: time })
const places = z.array(place).max(most.devices)
/** Numbers of a device's envelopes with 32 bytes each, one after the other. */
const hashes = z
  .array(z.object({ device, seqs: z.array(seq).max(most.hashes), hashes: bytesUpTo(most.hashes * hashBytes) }))
  .max(most.devices)
  .refine((all) => all.every((one) => one.hashes.length === one.seqs.length * hashBytes))

const schema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('state'),
    account: z.string(),
    places,
    claims: places,
    hashes,
    erased: hashes,
    missing: z.array(z.object({ device, seq, bodyHash: hash, at: time })).max(most.hashes),
  }),
  z.object({
    kind: z.literal('entries'),
    account: z.string(),
    entries: z.array(bytesUpTo(maxEntryBytes)).max(most.entries),
  }),
  z.object({
    kind: z.literal('envelopes'),
    account: z.string(),
    device,
    seqs: z.array(seq).max(most.envelopes),
    /** Of each: hash of the body (32), id of the entry that stands in it (16). */
    envelopes: bytesUpTo(most.envelopes * 48),
  }),
  z.object({
    kind: z.literal('unopened'),
    account: z.string(),
    envelopes: z
      .array(
        z.object({
          device,
          seq,
          bodyHash: hash,
          header: bytesOf(headerBytes).nullable(),
          content: bytesUpTo(maxBodyBytes),
        }),
      )
      .max(most.envelopes),
  }),
  z.object({ kind: z.literal('end'), account: z.string() }),
])

export type Piece = z.output<typeof schema>
export type PieceOf<K extends Piece['kind']> = Extract<Piece, { kind: K }>

export function encodePiece(piece: Piece): Uint8Array {
  return encodeCanonical(piece)
}

/** @throws SottoError `invalid-argument` for anything but a piece of this account. */
export function decodePiece(account: string, bytes: Uint8Array): Piece {
  const piece = bytes.length > maxPieceBytes ? null : parsed(bytes)
  if (piece?.account !== account) throw new SottoError('invalid-argument')
  return piece
}

function parsed(bytes: Uint8Array): Piece | null {
  try {
    return schema.safeParse(decodeCanonical(bytes)).data ?? null
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}
