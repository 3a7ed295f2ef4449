import type { z } from 'zod'
import type { RendezvousRefusal } from './rendezvous.ts'
import type { Answer } from '../http/answer.ts'
import { encodeRendezvous, rendezvousProblemAnswer, type RendezvousProblem } from '#shared/linking/rendezvous.ts'

const statusOf: Readonly<Record<RendezvousProblem, number>> = {
  malformed: 400,
  'not-found': 404,
  'too-large': 413,
  'too-many': 429,
  // Not 503: it would be asked again at once, and slots are free only after minutes.
  busy: 409,
  used: 409,
  full: 409,
  gap: 409,
  reset: 409,
  ended: 410,
}

export function slotAnswer<T>(schema: z.ZodType<T>, value: T, status = 200): Answer {
  return { status, type: 'application/cbor', body: encodeRendezvous(schema, value) }
}

export function refuseSlot(refused: RendezvousRefusal): Answer {
  return slotAnswer(rendezvousProblemAnswer, refused, statusOf[refused.problem])
}
