import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { RequestListener } from 'node:http'
import type { z } from 'zod'
import type { AccountStore } from '../accounts/account-store.ts'
import type { InvitationStore } from '../accounts/invitation-store.ts'
import { sameSecret } from '../accounts/sign-up-token.ts'
import type { HomeDatabase } from '../data-dir/database.ts'
import type { HomeLimits } from '../limits.ts'
import { guardRequest } from '../net/origin-guard.ts'
import type { HttpDigest } from './digest.ts'
import type { MeService } from './me.ts'
import { RequestLimits } from './request-limits.ts'
import { signUp } from './sign-up.ts'
import {
  invitationRequest,
  passwordRequest,
  phonesRequest,
  signUpRequest,
  type DomainReply,
  type InvitationReply,
  type ProblemCode,
} from '#shared/home/api.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import { err, ok, type Result } from '#shared/result.ts'

export interface HomeApiPorts {
  readonly database: HomeDatabase
  readonly accounts: AccountStore
  readonly invitations: InvitationStore
  readonly token: string
  readonly digest: HttpDigest
  readonly me: MeService
  readonly clock: ClockPort
  readonly log: LogPort
  readonly limits: HomeLimits
  readonly hosts: () => ReadonlySet<string>
  readonly domain: () => DomainReply
  readonly invite: (lan: boolean) => Promise<InvitationReply | null>
  /** More routes of this port, with bounds of their own. */
  readonly more: { readonly path: string; add(app: FastifyInstance): Promise<void> }
}

const statusOf: Readonly<Record<ProblemCode, number>> = {
  'bad-request': 400,
  'browser-refused': 403,
  'host-refused': 421,
  unauthorized: 401,
  'token-wrong': 403,
  'invitation-invalid': 403,
  'address-taken': 409,
  'address-reserved': 409,
  'history-sealed': 409,
  'too-many': 429,
  'not-found': 404,
  internal: 500,
}

/** The HTTPS interface: sign-up, invitations and `/me`. Returns the function that answers a request. */
export async function createHomeApi(ports: HomeApiPorts): Promise<RequestListener> {
  const app = fastify({ logger: false, bodyLimit: ports.limits.httpBodyBytes, return503OnClosing: false })
  const limits = new RequestLimits(ports.clock, ports.limits)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
    const refusal = guardRequest(request.headers, ports.hosts())
    if (refusal !== null) return refuse(reply, refusal)
    if (request.url.startsWith(`${ports.more.path}/`)) return
    if (!limits.admit(addressOf(request))) return refuse(reply, 'too-many')
  })
  app.setNotFoundHandler((_request, reply) => refuse(reply, 'not-found'))
  app.setErrorHandler((cause, _request, reply) => {
    const status = statusCodeOf(cause)
    if (status >= 500) ports.log.error('http-failed', { status })
    return refuse(reply, status < 500 ? 'bad-request' : 'internal')
  })
  addSignUp(app, ports, limits)
  addMe(app, ports, limits)
  await ports.more.add(app)
  await app.ready()
  return (request, response) => app.routing(request, response)
}

function addSignUp(app: FastifyInstance, ports: HomeApiPorts, limits: RequestLimits): void {
  app.get('/domain', () => ports.domain())
  app.post('/sign-up', (request, reply) => {
    const body = parsed(signUpRequest, request)
    if (!body.ok) return refuse(reply, body.error)
    const done = signUp(body.value, ports)
    if (done.ok) return reply.code(201).send(ports.domain())
    if (done.error === 'token-wrong' || done.error === 'invitation-invalid') limits.recordFailure(addressOf(request))
    return refuse(reply, done.error)
  })
  app.post('/invitations', async (request, reply) => {
    const shown = /^Sotto-Token ([A-Za-z0-9_-]{1,100})$/.exec(request.headers.authorization ?? '')?.[1]
    if (shown === undefined || !sameSecret(shown, ports.token)) {
      limits.recordFailure(addressOf(request))
      return refuse(reply, 'token-wrong')
    }
    const body = parsed(invitationRequest, request)
    if (!body.ok) return refuse(reply, body.error)
    const made = await ports.invite(body.value.lan)
    return made === null ? refuse(reply, 'too-many') : reply.code(201).send(made)
  })
}

type Handler = (user: string, request: FastifyRequest, reply: FastifyReply) => unknown
type Route = (request: FastifyRequest, reply: FastifyReply) => unknown

/** Lets requests through to a handler once they prove whose they are. */
function signedInBy({ digest }: HomeApiPorts, limits: RequestLimits): (handle: Handler) => Route {
  return (handle) => (request, reply) => {
    const proven = digest.verify(request.headers.authorization, request.method, request.url)
    if ('user' in proven) return handle(proven.user, request, reply)
    if (proven.refused === 'wrong') limits.recordFailure(addressOf(request))
    reply.header('www-authenticate', digest.challenge(proven.refused === 'stale'))
    return refuse(reply, 'unauthorized')
  }
}

function addMe(app: FastifyInstance, ports: HomeApiPorts, limits: RequestLimits): void {
  const { me } = ports
  const signedIn = signedInBy(ports, limits)
  app.get(
    '/me',
    signedIn(async (user, _request, reply) => (await me.describe(user)) ?? refuse(reply, 'not-found')),
  )
  app.get(
    '/me/export',
    signedIn(async (user, _request, reply) => (await me.export(user)) ?? refuse(reply, 'not-found')),
  )
  app.delete(
    '/me/mailbox',
    signedIn((user) => me.eraseMailbox(user)),
  )
  app.delete(
    '/me',
    signedIn(async (user, _request, reply) => (await me.close(user)) ?? refuse(reply, 'history-sealed')),
  )
  app.put(
    '/me/password',
    signedIn((user, request, reply) => {
      const body = parsed(passwordRequest, request)
      if (!body.ok) return refuse(reply, body.error)
      me.changePassword(user, body.value)
      return reply.code(204).send()
    }),
  )
  app.put(
    '/me/phones',
    signedIn((user, request, reply) => {
      const body = parsed(phonesRequest, request)
      if (!body.ok) return refuse(reply, body.error)
      me.letPhonesIn(user, body.value.ha1Md5)
      return reply.code(204).send()
    }),
  )
}

function parsed<T>(schema: z.ZodType<T>, request: FastifyRequest): Result<T, ProblemCode> {
  const result = schema.safeParse(request.body)
  return result.success ? ok(result.data) : err('bad-request')
}

function refuse(reply: FastifyReply, problem: ProblemCode): FastifyReply {
  return reply.code(statusOf[problem]).send({ problem })
}

function addressOf(request: FastifyRequest): string {
  return request.raw.socket.remoteAddress ?? ''
}

function statusCodeOf(cause: unknown): number {
  const status = cause instanceof Error && 'statusCode' in cause ? cause.statusCode : undefined
  return typeof status === 'number' ? status : 500
}
