import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TLSSocket } from 'node:tls'
import { answer, refusal, send, type Answer } from './answer.ts'
import { addressOf, isFromLoopback } from './arrival.ts'
import { queryNumber } from './query.ts'
import { readBody } from './read-body.ts'
import { comeAgain, read, signedRoute, withShape, type SignedCall } from './signed-route.ts'
import { upTo } from './up-to.ts'
import type { OpeningRefusal } from '../access/empty-account-door.ts'
import type { PlaceRefusal } from '../access/place-link.ts'
import type { ReplicaService } from '../service.ts'
import { parseAor } from '#shared/model/aor.ts'
import {
  challengeAnswer,
  linkRequest,
  linksAnswer,
  listBytes,
  openingRequest,
  storedAnswer,
} from '#shared/replication/api.ts'

/** Challenges, and the chain of an account: opened, read, added to. */
export function addChainRoutes(app: FastifyInstance, service: ReplicaService): void {
  const { limits, gate, addresses } = service
  app.get('/challenge', (request, reply) =>
    send(
      reply,
      addresses.admit(addressOf(request.raw))
        ? answer(challengeAnswer, { challenge: gate.challenge() })
        : comeAgain(service, 'too-many'),
    ),
  )
  app.put('/chain', async (request, reply) => send(reply, await openInRoom(service, request, reply)))
  app.get('/chain', signedRoute(service, { use: 'links', most: 0, handle: (call) => links(service, call) }))
  app.post(
    '/chain',
    signedRoute(service, {
      ...{ use: 'links', most: limits.linkBytes },
      handle: withShape(linkRequest, async ({ link, asFork }, { accepted }) => {
        const added = await service.links.add(accepted, { bytes: link, asFork })
        if (!added.ok) return refuseLink(added.error)
        if (added.value === 'stored') await service.chainChanged(accepted.account, accepted.signer)
        return answer(storedAnswer, { kind: added.value })
      }),
    }),
  )
}

async function links({ chains }: ReplicaService, { accepted, request }: SignedCall): Promise<Answer> {
  const from = queryNumber(request, 'from', { otherwise: 0, most: 1_000_000 })
  if (from === null) return refusal('malformed')
  const rest = ((await chains.read(accepted.account))?.links ?? []).slice(from)
  const some = upTo(rest, listBytes, (link) => link.length)
  return answer(linksAnswer, { links: [...some], end: some.length === rest.length })
}

function refuseLink(refused: PlaceRefusal): Answer {
  const isOwnWord = refused === 'head-moved' || refused === 'chain-full'
  return isOwnWord ? refusal(refused) : refusal('link-refused', { reason: refused })
}

/** Nobody signed this: strangers have few places, so that they cannot take those of devices. */
async function openInRoom(service: ReplicaService, request: FastifyRequest, reply: FastifyReply): Promise<Answer> {
  const { ports, limits, strangers } = service
  if (service.isStopping) return comeAgain(service, 'stopping')
  const leave = strangers.enter(addressOf(request.raw))
  if (leave === null) return comeAgain(service)
  reply.raw.once('close', leave)
  const body = await readBody(request.raw, {
    ...{ clock: ports.clock, most: limits.openingBytes, withinMs: limits.bodyMs },
  })
  if (!body.ok) return refusal(body.error === 'gone' ? 'malformed' : 'too-large', {}, { connection: 'close' })
  return open(service, request, body.value)
}

async function open(service: ReplicaService, request: FastifyRequest, body: Uint8Array): Promise<Answer> {
  const wanted = read(openingRequest, body)?.value
  const account = parseAor(wanted?.account ?? '')
  if (wanted === undefined || !account.ok || account.value !== wanted.account) return refusal('malformed')
  const { invitation } = wanted
  const { raw } = request
  const opened = await service.order.run(account.value, () =>
    service.emptyAccounts.open({
      ...{ account: account.value, link: wanted.link, more: wanted.more ?? [], address: addressOf(raw) },
      proof:
        invitation === undefined
          ? { kind: 'digest', header: raw.headers.authorization }
          : { kind: 'invitation', token: invitation },
      ...{ method: raw.method ?? '', target: raw.url ?? '' },
      secure: raw.socket instanceof TLSSocket || isFromLoopback(raw),
    }),
  )
  return opened.ok ? answer(storedAnswer, { kind: opened.value }, 201) : refuseOpening(service, opened.error)
}

function refuseOpening(service: ReplicaService, refused: OpeningRefusal): Answer {
  if (refused === 'too-many') return comeAgain(service, refused)
  if (refused === 'insecure' || refused === 'open') return refusal(refused)
  if (refused === 'wrong') return refusal('wrong-secret')
  if (refused !== 'missing' && refused !== 'stale') return refusal('link-refused', { reason: refused })
  const challenge = service.ports.digest.challenge(refused === 'stale')
  return refusal('unauthorized', {}, { 'www-authenticate': challenge })
}
