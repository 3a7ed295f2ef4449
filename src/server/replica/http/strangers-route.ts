import type { FastifyReply, FastifyRequest } from 'fastify'
import { TLSSocket } from 'node:tls'
import type { z } from 'zod'
import { refusal, send, type Answer } from './answer.ts'
import { addressOf, isFromLoopback } from './arrival.ts'
import { readBody } from './read-body.ts'
import { comeAgain, read, type RouteHandler } from './signed-route.ts'
import type { OpeningProof } from '../access/opening-proof.ts'
import type { ReplicaService } from '../service.ts'
import { parseAor } from '#shared/model/aor.ts'
import type { Aor } from '#shared/model/ids.ts'

/** What everybody says who has no device to sign with. */
interface StrangersRequest {
  readonly account: string
  readonly invitation?: Uint8Array | undefined
}

/** Who asks, and how they show that the account is theirs. */
export interface StrangersCall {
  readonly account: Aor
  readonly proof: OpeningProof
  readonly method: string
  readonly target: string
  readonly address: string
  readonly secure: boolean
}

/** A route for requests that nobody signed: strangers have few places, so that they cannot take those of devices. */
export function strangersRoute<T extends StrangersRequest>(
  service: ReplicaService,
  schema: z.ZodType<T>,
  handle: (wanted: T, call: StrangersCall) => Promise<Answer>,
): RouteHandler {
  return async (request, reply) => {
    const body = await bodyInRoom(service, request, reply)
    if (!(body instanceof Uint8Array)) return send(reply, body)
    const wanted = read(schema, body)?.value
    const account = parseAor(wanted?.account ?? '')
    if (wanted === undefined || !account.ok || account.value !== wanted.account)
      return send(reply, refusal('malformed'))
    return send(reply, await handle(wanted, callOf(request, account.value, wanted.invitation)))
  }
}

/** The body of the request, or why it is not read. */
async function bodyInRoom(
  service: ReplicaService,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Uint8Array | Answer> {
  const { ports, limits, strangers } = service
  if (service.isStopping) return comeAgain(service, 'stopping')
  const leave = strangers.enter(addressOf(request.raw))
  if (leave === null) return comeAgain(service)
  reply.raw.once('close', leave)
  const body = await readBody(request.raw, {
    ...{ clock: ports.clock, most: limits.openingBytes, withinMs: limits.bodyMs },
  })
  if (body.ok) return body.value
  return refusal(body.error === 'gone' ? 'malformed' : 'too-large', {}, { connection: 'close' })
}

function callOf({ raw }: FastifyRequest, account: Aor, invitation: Uint8Array | undefined): StrangersCall {
  return {
    ...{ account, address: addressOf(raw), method: raw.method ?? '', target: raw.url ?? '' },
    proof:
      invitation === undefined
        ? { kind: 'digest', header: raw.headers.authorization }
        : { kind: 'invitation', token: invitation },
    secure: raw.socket instanceof TLSSocket || isFromLoopback(raw),
  }
}

/** What somebody is told who has not shown that the account is theirs; null for another refusal. */
export function refuseStranger(service: ReplicaService, refused: string): Answer | null {
  switch (refused) {
    case 'too-many':
      return comeAgain(service, refused)
    case 'insecure':
      return refusal(refused)
    case 'wrong':
      return refusal('wrong-secret')
    case 'missing':
    case 'stale':
      return refusal('unauthorized', {}, { 'www-authenticate': service.ports.digest.challenge(refused === 'stale') })
    default:
      return null
  }
}
