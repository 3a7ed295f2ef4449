/**
 * What two devices and the server between them say to let the devices meet (`docs/linking.md`). A slot has two ends, `near` who opened it
 * and `far` who joined, and a numbered stream of pieces each way. Bodies are canonical CBOR (RFC 8949 §4.2.1) of these shapes; pieces travel
 * as they are.
 *
 * Rules for evolving: fields may be added as optional only; field names are never reused; no floats.
 */
import { z } from 'zod'
import { decodeCanonical, encodeCanonical, type CborErrorCode } from '../bytes/canonical-cbor.ts'
import { bytesOf } from '../bytes/schemas.ts'
import { ProtocolError } from '../errors.ts'

export const rendezvousPath = '/replica/rendezvous'
/** What is asked below {@link rendezvousPath}. */
export const rendezvousTargets = {
  slots: '/slots',
  transfers: '/transfers',
  waiting: '/waiting',
  join: '/join',
  state: '/state',
  pieces: '/pieces',
  end: '/end',
} as const
/** `Authorization: Sotto-Slot ` and base64url of a token. */
export const slotScheme = 'Sotto-Slot'
export const slotIdBytes = 16
export const slotTokenBytes = 32
export const generationBytes = 8
/** A piece as the server sees it. */
export const maxPieceBytes = 1_048_576
/** The server holds an answer back for no longer than this while there is nothing to give, ms. */
export const maxHeldMs = 20_000
export const maxRendezvousAnswerBytes = 4096

/** How a device is linked, or that two linked devices hand over the history. */
export const slotKinds = ['link-qr', 'link-code', 'transfer'] as const
export type SlotKind = (typeof slotKinds)[number]

/** Why an end closed a slot; the server's word only. */
export const slotEndings = ['done', 'cancelled', 'wrong-code', 'failed', 'expired'] as const
export type SlotEnding = (typeof slotEndings)[number]

const slot = bytesOf(slotIdBytes)
const tokenHash = bytesOf(32)
const generation = bytesOf(generationBytes)
const number = z.number().int().nonnegative()

/**
 * `POST …/slots`, and signed `POST …/transfers`: opens a slot, or repeats it. Tokens are chosen by the ends, who show them with each piece; the server knows
 * their hashes. `far` is null where whoever joins first brings one. A transfer with another generation begins anew.
 */
export const openingRequest = z.object({
  slot,
  kind: z.enum(slotKinds),
  account: z.string().min(1).max(400),
  near: tokenHash,
  far: tokenHash.nullable(),
  generation,
})
export type SlotOpening = z.output<typeof openingRequest>

/** `GET …/waiting`, signed: who waits to be linked by a code. */
export const waitingAnswer = z.object({ slots: z.array(slot).max(64) })

/** `POST …/join`, signed. */
export const joinRequest = z.object({ slot, far: tokenHash })

/** State of a slot for one of its ends: `GET …/state?slot=…`; also the answer to opening, joining and storing. */
export const slotStateAnswer = z.object({
  generation,
  joined: z.boolean(),
  /** Number that this end's next piece has. */
  next: number,
})
export type SlotState = z.output<typeof slotStateAnswer>

/** `POST …/end`: with the token of an end. */
export const endRequest = z.object({ slot, ending: z.enum(slotEndings) })

/**
 * Why a request is refused. `not-found`: no such slot, or not with this token. `used`: somebody joined already. `busy`: too many slots.
 * `full`: the other end has to take pieces first. `gap`: another number is next. `reset`: the slot began anew. `ended`: see `ending`.
 */
export const rendezvousProblems = [
  'malformed',
  'not-found',
  'too-large',
  'too-many',
  'busy',
  'used',
  'full',
  'gap',
  'reset',
  'ended',
] as const
export type RendezvousProblem = (typeof rendezvousProblems)[number]

/** Bodies of refusals; those of a signed request that is refused are the replica's. */
export const rendezvousProblemAnswer = z.object({
  problem: z.enum(rendezvousProblems),
  ending: z.enum(slotEndings).optional(),
  next: number.optional(),
})

/** Bytes of a body. */
export function encodeRendezvous<T>(schema: z.ZodType<T>, value: T): Uint8Array<ArrayBuffer> {
  return encodeCanonical(schema.parse(value))
}

/** @throws ProtocolError `bad-shape` or a {@link CborErrorCode} for anything but canonical bytes of this shape. */
export function decodeRendezvous<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  const parsed = schema.safeParse(decodeCanonical(bytes))
  if (!parsed.success) throw new ProtocolError<CborErrorCode | 'bad-shape'>('bad-shape')
  return parsed.data
}
