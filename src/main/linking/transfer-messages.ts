/**
 * What source and sink of a history say to each other: canonical CBOR in sealed pieces, as `link-messages.ts`.
 *
 * Rules for evolving: fields may be added as optional only; kinds and field names are never reused; no floats.
 */
import { z } from 'zod'
import type { LinkMessageError } from './link-messages.ts'
import { decodeCanonical, encodeCanonical } from '#shared/bytes/canonical-cbor.ts'
import { bytesOf, bytesUpTo } from '#shared/bytes/schemas.ts'
import { ProtocolError } from '#shared/errors.ts'

/** Of a page: one entry alone may be so large. */
export const maxPageBytes = 16_777_216
export const wantBytes = 8
/** Shares travel as whole numbers. */
export const shareScale = 1_000_000

const token = z.string().max(64)
/** Random name of what the sink asked for last: what answers something earlier is passed over. */
const want = bytesOf(wantBytes)
const count = z.number().int().nonnegative()

const toSource = z.discriminatedUnion('kind', [
  /** Send everything after this page. */
  z.object({ kind: z.literal('want'), want, after: token.nullable() }),
  /** This page is durable. */
  z.object({ kind: z.literal('got'), want, token }),
  /** Everything is, and the counts agree. */
  z.object({ kind: z.literal('done'), want }),
])
const toSink = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('page'),
    want,
    /** The page that it follows. */
    after: token.nullable(),
    token,
    share: count.max(shareScale),
    /** Raw deflate (RFC 1951), where it is shorter so. */
    deflated: z.boolean(),
    bytes: bytesUpTo(maxPageBytes),
  }),
  /** That was all: how many pages answered this want, and their bytes before deflating. */
  z.object({ kind: z.literal('end'), want, pages: count, bytes: count }),
])
export type ToSource = z.output<typeof toSource>
export type ToSink = z.output<typeof toSink>
export type PageMessage = Extract<ToSink, { readonly kind: 'page' }>

/** @throws ProtocolError a {@link LinkMessageError}. */
export function decodeToSource(bytes: Uint8Array): ToSource {
  return decodeAs(toSource, bytes)
}

/** @throws ProtocolError a {@link LinkMessageError}. */
export function decodeToSink(bytes: Uint8Array): ToSink {
  return decodeAs(toSink, bytes)
}

export function encodeTransfer(message: ToSource | ToSink): Uint8Array {
  return encodeCanonical(message)
}

function decodeAs<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  const parsed = schema.safeParse(decodeCanonical(bytes))
  if (!parsed.success) throw new ProtocolError<LinkMessageError>('bad-shape')
  return parsed.data
}
