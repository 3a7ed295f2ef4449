import type { FastifyReply } from 'fastify'
import type { z } from 'zod'
import { encodeBody, problemAnswer, type ProblemAnswer, type ReplicaProblem } from '#shared/replication/api.ts'

/** What a request is answered with. */
export interface Answer {
  readonly status: number
  readonly type: 'application/cbor' | 'application/octet-stream'
  readonly body: Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

const statusOf: Readonly<Record<ReplicaProblem, number>> = {
  malformed: 400,
  'not-found': 404,
  'too-large': 413,
  'too-many': 429,
  busy: 503,
  stopping: 503,
  unavailable: 503,
  internal: 500,
  'browser-refused': 403,
  'wrong-host': 421,
  'wrong-target': 400,
  'wrong-channel': 401,
  'wrong-body': 400,
  'stale-challenge': 401,
  'bad-signature': 401,
  revoked: 403,
  forked: 403,
  'not-for-paper': 403,
  replayed: 401,
  insecure: 403,
  unauthorized: 401,
  'wrong-secret': 403,
  open: 409,
  'link-refused': 422,
  'head-moved': 409,
  'chain-full': 507,
  'batch-refused': 422,
  'not-behind-head': 409,
  'unknown-recipient': 422,
  'unknown-epoch': 422,
  quota: 507,
  'wrong-hash': 422,
  'older-sign-in': 409,
}

export function answer<T>(schema: z.ZodType<T>, value: T, status = 200): Answer {
  return { status, type: 'application/cbor', body: encodeBody(schema, value) }
}

/** Batches as they are. */
export function bytesAnswer(body: Uint8Array): Answer {
  return { status: 200, type: 'application/octet-stream', body }
}

export function refusal(
  problem: ReplicaProblem,
  more: Omit<ProblemAnswer, 'problem'> = {},
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { ...answer(problemAnswer, { problem, ...more }, statusOf[problem]), headers }
}

export function send(reply: FastifyReply, { status, type, body, headers = {} }: Answer): FastifyReply {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.length)
  return reply.code(status).headers(headers).header('content-type', type).send(buffer)
}
