import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { refuseSlot, slotAnswer } from './slot-answer.ts'
import { pieceRequestOf, slotOf, tokenOf } from './slot-request.ts'
import { defaultRendezvousLimits, type RendezvousLimits } from './limits.ts'
import { Rendezvous, type RendezvousPorts, type RendezvousRefusal } from './rendezvous.ts'
import { nodeCrypto } from '../access/crypto.ts'
import { bytesAnswer, refusal, send, type Answer } from '../http/answer.ts'
import { addressOf } from '../http/arrival.ts'
import { queryNumber } from '../http/query.ts'
import { readBody } from '../http/read-body.ts'
import type { MoreRoutes } from '../http/replica-routes.ts'
import { Room } from '../http/room.ts'
import { comeAgain, signedRoute } from '../http/signed-route.ts'
import type { ReplicaService } from '../service.ts'
import { ProtocolError } from '#shared/errors.ts'
import {
  decodeRendezvous,
  endRequest,
  joinRequest,
  maxHeldMs,
  maxPieceBytes,
  openingRequest,
  rendezvousTargets,
  slotStateAnswer,
  waitingAnswer,
  type SlotOpening,
} from '#shared/linking/rendezvous.ts'
import { err, type Result } from '#shared/result.ts'
import type { z } from 'zod'

const smallBytes = 4096
const prefix = '/rendezvous'

interface Desk {
  readonly rendezvous: Rendezvous
  readonly service: ReplicaService
  /** Places for requests with a token, by address. */
  readonly room: Room
}

/** A rendezvous of its own beside a replica, with what bounds it by default. */
export function meetingRoutes({ clock }: Pick<RendezvousPorts, 'clock'>): MoreRoutes {
  const limits = defaultRendezvousLimits
  return rendezvousRoutes(new Rendezvous({ clock, limits, hash: (bytes) => nodeCrypto.hash(bytes) }), limits)
}

/** Routes by which two devices meet (`docs/linking.md`), beside those of a replica. */
export function rendezvousRoutes(rendezvous: Rendezvous, limits: RendezvousLimits): MoreRoutes {
  const room = new Room(limits.requestsAtWork, limits.requestsAtWorkPerAddress)
  return (app, service) => {
    const desk: Desk = { rendezvous, service, room }
    addMeeting(app, desk)
    addPieces(app, desk)
  }
}

function addMeeting(app: FastifyInstance, { rendezvous, service, room }: Desk): void {
  const desk = { rendezvous, service, room }
  const at = (target: keyof typeof rendezvousTargets): string => `${prefix}${rendezvousTargets[target]}`
  app.post(at('slots'), async (request, reply) =>
    send(reply, await inRoom(desk, { request, reply, most: smallBytes }, (body) => openSlot(desk, request, body))),
  )
  app.post(
    at('transfers'),
    signedRoute(service, {
      ...{ use: 'write', most: smallBytes },
      handle: ({ accepted, body, request }) => {
        const opener = { address: addressOf(request.raw), signedFor: accepted.account }
        return Promise.resolve(answerTo(open(rendezvous, body, 'transfer', opener)))
      },
    }),
  )
  app.get(
    at('waiting'),
    signedRoute(service, {
      ...{ use: 'read', most: 0 },
      handle: ({ accepted }) =>
        Promise.resolve(slotAnswer(waitingAnswer, { slots: [...rendezvous.waiting(accepted.account)] })),
    }),
  )
  app.post(
    at('join'),
    signedRoute(service, {
      ...{ use: 'read', most: smallBytes },
      handle: ({ accepted, body }) => {
        const join = shaped(joinRequest, body)
        if (join === null) return Promise.resolve(refusal('malformed'))
        return Promise.resolve(answerTo(rendezvous.join(join.slot, accepted.account, join.far)))
      },
    }),
  )
}

function addPieces(app: FastifyInstance, desk: Desk): void {
  const { rendezvous } = desk
  const at = (target: keyof typeof rendezvousTargets): string => `${prefix}${rendezvousTargets[target]}`
  app.get(at('state'), async (request, reply) =>
    send(
      reply,
      await withToken(desk, request, ({ slot, token }) => Promise.resolve(answerTo(rendezvous.state(slot, token)))),
    ),
  )
  app.put(at('pieces'), async (request, reply) =>
    send(
      reply,
      await withToken(desk, request, () =>
        inRoom(desk, { request, reply, most: maxPieceBytes }, (body) => put(desk, request, body)),
      ),
    ),
  )
  app.get(at('pieces'), async (request, reply) =>
    send(reply, await withToken(desk, request, () => take(desk, request, reply))),
  )
  app.post(at('end'), async (request, reply) =>
    send(reply, await inRoom(desk, { request, reply, most: smallBytes }, (body) => end(desk, request, body))),
  )
}

function openSlot({ rendezvous, service }: Desk, request: FastifyRequest, body: Uint8Array): Answer {
  const address = addressOf(request.raw)
  if (!service.addresses.admit(address)) return comeAgain(service, 'too-many')
  return answerTo(open(rendezvous, body, 'link', { address, signedFor: null }))
}

function open(
  rendezvous: Rendezvous,
  body: Uint8Array,
  by: 'link' | 'transfer',
  opener: Parameters<Rendezvous['open']>[1],
): ReturnType<Rendezvous['open']> {
  const opening: SlotOpening | null = shaped(openingRequest, body)
  if (opening === null || (opening.kind === 'transfer') !== (by === 'transfer')) return err({ problem: 'malformed' })
  return rendezvous.open(opening, opener)
}

function put({ rendezvous }: Desk, request: FastifyRequest, body: Uint8Array): Answer {
  const asked = pieceRequestOf(request)
  return asked === null ? refusal('malformed') : answerTo(rendezvous.put(asked, body))
}

async function take(desk: Desk, request: FastifyRequest, reply: FastifyReply): Promise<Answer> {
  const asked = pieceRequestOf(request)
  const heldMs = queryNumber(request, 'held', { otherwise: 0, most: maxHeldMs })
  if (asked === null || heldMs === null) return refusal('malformed')
  const leave = desk.room.enter(addressOf(request.raw))
  if (leave === null) return comeAgain(desk.service)
  reply.raw.once('close', leave)
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  const taken = await desk.rendezvous.take(asked, heldMs, gone.signal)
  if (!taken.ok) return refuseSlot(taken.error)
  return taken.value === null ? { ...bytesAnswer(new Uint8Array()), status: 204 } : bytesAnswer(taken.value)
}

function end(desk: Desk, request: FastifyRequest, body: Uint8Array): Answer {
  const { rendezvous, service } = desk
  const address = addressOf(request.raw)
  if (!service.addresses.admit(address)) return comeAgain(service, 'too-many')
  const token = tokenOf(request)
  const wanted = shaped(endRequest, body)
  if (token === null || wanted === null) return refusal('malformed')
  const ended = rendezvous.end(wanted.slot, token, wanted.ending)
  if (ended.ok) return { ...bytesAnswer(new Uint8Array()), status: 204 }
  if (ended.error.problem === 'not-found') service.addresses.recordFailure(address)
  return refuseSlot(ended.error)
}

/** Lets requests on that show the token of an end, before anything of their body is read. */
async function withToken(
  { rendezvous, service }: Desk,
  request: FastifyRequest,
  handle: (end: { readonly slot: Uint8Array; readonly token: Uint8Array }) => Promise<Answer>,
): Promise<Answer> {
  const address = addressOf(request.raw)
  if (!service.addresses.admit(address)) return comeAgain(service, 'too-many')
  const [slot, token] = [slotOf(request), tokenOf(request)]
  if (slot === null || token === null) return refusal('malformed')
  const known = rendezvous.state(slot, token)
  if (known.ok) return handle({ slot, token })
  if (known.error.problem === 'not-found') service.addresses.recordFailure(address)
  return { ...refuseSlot(known.error), headers: { connection: 'close' } }
}

interface BodyRead {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly most: number
}

/** Reads a body where there is room for it. */
async function inRoom(
  { service, room }: Desk,
  { request, reply, most }: BodyRead,
  handle: (body: Uint8Array) => Answer,
): Promise<Answer> {
  if (service.isStopping) return comeAgain(service, 'stopping')
  const leave = room.enter(addressOf(request.raw))
  if (leave === null) return comeAgain(service)
  reply.raw.once('close', leave)
  const { clock } = service.ports
  const body = await readBody(request.raw, { clock, most, withinMs: service.limits.bodyMs })
  if (body.ok) return handle(body.value)
  return refusal(body.error === 'gone' ? 'malformed' : 'too-large', {}, { connection: 'close' })
}

function answerTo(answered: Result<z.output<typeof slotStateAnswer>, RendezvousRefusal>): Answer {
  return answered.ok ? slotAnswer(slotStateAnswer, answered.value) : refuseSlot(answered.error)
}

/** The value of a body; null for anything that is not of this shape. */
function shaped<T>(schema: z.ZodType<T>, body: Uint8Array): T | null {
  try {
    return decodeRendezvous(schema, body)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}
