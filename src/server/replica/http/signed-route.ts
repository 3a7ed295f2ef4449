import type { FastifyReply, FastifyRequest } from 'fastify'
import { refusal, send, type Answer } from './answer.ts'
import { arrivalOf } from './arrival.ts'
import { readBody } from './read-body.ts'
import { toldRefusal, type RequestRefusal, type RequestUse } from '../access/judge-request.ts'
import type { AcceptedRequest, AdmittedRequest } from '../access/request-gate.ts'
import type { ReplicaService } from '../service.ts'
import { decodeBody } from '#shared/replication/api.ts'
import { ProtocolError } from '#shared/errors.ts'
import type { z } from 'zod'

/** A request whose signer may do what it asks, whole. */
export interface SignedCall {
  readonly accepted: AcceptedRequest
  readonly body: Uint8Array
  readonly request: FastifyRequest
}

export interface SignedRoute {
  readonly use: RequestUse
  /** Bytes of a body at most. */
  readonly most: number
  readonly handle: (call: SignedCall) => Promise<Answer>
}

export type RouteHandler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

/** Who comes when there is no room is told to come again. */
export function comeAgain(
  { limits }: Pick<ReplicaService, 'limits'>,
  problem: 'busy' | 'stopping' | 'too-many' | 'unavailable' = 'busy',
): Answer {
  return refusal(problem, {}, { 'retry-after': String(limits.retryAfterSeconds) })
}

/** A route for requests that a device (or the paper key) signed: head first, then the body, then the work, all within bounds. */
export function signedRoute(service: ReplicaService, route: SignedRoute): RouteHandler {
  return async (request, reply) => send(reply, await admit(service, route, { request, reply }))
}

async function admit(
  service: ReplicaService,
  route: SignedRoute,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<Answer> {
  const { gate, room, limits } = service
  if (service.isStopping) return comeAgain(service, 'stopping')
  if (room.isFull) return comeAgain(service)
  const admitted = await gate.admit(arrivalOf(request.raw, route.use))
  if (!admitted.ok) return refuseSigned(service, admitted.error)
  const leave = room.enter(admitted.value.account)
  if (leave === null) return comeAgain(service)
  // Until the answer is fetched: it is in memory as long.
  reply.raw.once('close', leave)
  reply.raw.setTimeout(limits.answerMs, () => reply.raw.destroy())
  return carryOut(service, route, { admitted: admitted.value, request })
}

async function carryOut(
  service: ReplicaService,
  { use, most, handle }: SignedRoute,
  { admitted, request }: { readonly admitted: AdmittedRequest; readonly request: FastifyRequest },
): Promise<Answer> {
  const { ports, limits, order } = service
  const body = await readBody(request.raw, { clock: ports.clock, most, withinMs: limits.bodyMs })
  if (!body.ok) return refusal(body.error === 'gone' ? 'malformed' : 'too-large', {}, { connection: 'close' })
  const work = async (): Promise<Answer> => {
    // Only in its turn: what came before may have revoked the device or erased the account.
    const accepted = await admitted.withBody(body.value)
    return accepted.ok
      ? handle({ accepted: accepted.value, body: body.value, request })
      : refuseSigned(service, accepted.error)
  }
  return use === 'read' ? work() : order.run(admitted.account, work)
}

export function refuseSigned(service: ReplicaService, refused: RequestRefusal): Answer {
  const told = toldRefusal(refused)
  return told === 'too-many' ? comeAgain(service, told) : refusal(told)
}

/** Does `handle` with the body as this schema has it; anything else is `malformed`. */
export function withShape<T>(
  schema: z.ZodType<T>,
  handle: (value: T, call: SignedCall) => Promise<Answer>,
): SignedRoute['handle'] {
  return (call) => {
    const value = read(schema, call.body)
    return value === null ? Promise.resolve(refusal('malformed')) : handle(value.value, call)
  }
}

/** The value of a body; null for anything that is not of this shape. */
export function read<T>(schema: z.ZodType<T>, body: Uint8Array): { readonly value: T } | null {
  try {
    return { value: decodeBody(schema, body) }
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}
