/**
 * What came in while Sotto was locked, as the spool keeps it: 4 bytes length of the head, the head as JSON, the body.
 * Rules for evolving: fields are added as optional only; a kind this version does not know is refused.
 */
import { z } from 'zod'
import { concatBytes, utf8, utf8Text } from '#shared/bytes/bytes.ts'
import { parseAor } from '#shared/model/aor.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { IncomingBody } from '#main/accounts/signalling-port.ts'

/** A body that was taken for the sender, and when, ms. */
export interface SpooledBody {
  readonly kind: 'body'
  readonly at: number
  readonly body: Omit<IncomingBody, 'receipt'>
}

/** A call that rang while nobody could see who it was. */
export interface SpooledCall {
  readonly kind: 'call'
  /** When it began to ring, ms. */
  readonly at: number
  readonly accountId: AccountId
  readonly from: Aor
  readonly fromName: string
  readonly sipCallId: string
  readonly outcome: 'missed' | 'declined' | 'elsewhere'
  readonly video: boolean
}

export type SpoolRecord = SpooledBody | SpooledCall

const aor = z.string().transform((text, context): Aor => {
  const parsed = parseAor(text)
  if (parsed.ok) return parsed.value
  context.addIssue({ code: 'custom', message: 'no address' })
  return z.NEVER
})
const accountId = z.string().transform((text) => text as AccountId)
const at = z.number().int().nonnegative()

const bodyHead = z.object({
  kind: z.literal('body'),
  at,
  ...{ accountId, from: aor, fromName: z.string(), to: aor },
  path: z.enum(['msrp', 'sip-message']),
  contentType: z.string(),
  transportId: z.string(),
  storedAt: z.number().nullable(),
  fromSelf: z.boolean(),
})
const callHead = z.object({
  kind: z.literal('call'),
  at,
  ...{ accountId, from: aor, fromName: z.string(), sipCallId: z.string() },
  outcome: z.enum(['missed', 'declined', 'elsewhere']),
  video: z.boolean(),
})
const head = z.discriminatedUnion('kind', [bodyHead, callHead])

const lengthBytes = 4

export function encodeSpoolRecord(record: SpoolRecord): Uint8Array<ArrayBuffer> {
  if (record.kind === 'call') return framed(record, new Uint8Array())
  const { payload, ...said } = record.body
  return framed({ kind: record.kind, at: record.at, ...said }, payload)
}

/** Reads what {@link encodeSpoolRecord} wrote; null for anything else. */
export function decodeSpoolRecord(bytes: Uint8Array): SpoolRecord | null {
  if (bytes.length < lengthBytes) return null
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  const end = lengthBytes + length
  if (end > bytes.length) return null
  const parsed = head.safeParse(jsonOf(bytes.subarray(lengthBytes, end)))
  if (!parsed.success) return null
  if (parsed.data.kind === 'call') return parsed.data
  const { kind, at, ...said } = parsed.data
  return { kind, at, body: { ...said, payload: bytes.slice(end) } }
}

function framed(said: object, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = utf8(JSON.stringify(said))
  const length = new Uint8Array(lengthBytes)
  new DataView(length.buffer).setUint32(0, text.length)
  return concatBytes(length, text, payload)
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8Text(bytes) ?? '')
  } catch {
    return null
  }
}
