import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import { answer, refusal, send, type Answer } from './answer.ts'
import { addressOf } from './arrival.ts'
import { queryNumber } from './query.ts'
import { comeAgain, signedRoute, withShape, type SignedCall } from './signed-route.ts'
import { refuseStranger, strangersRoute, type StrangersCall } from './strangers-route.ts'
import { upTo } from './up-to.ts'
import type { OpeningRefusal } from '../access/empty-account-door.ts'
import type { PlaceRefusal } from '../access/place-link.ts'
import type { ReplicaService } from '../service.ts'
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
  app.put(
    '/chain',
    strangersRoute(service, openingRequest, (wanted, call) => open(service, wanted, call)),
  )
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

async function links({ chains, erasures }: ReplicaService, { accepted, request }: SignedCall): Promise<Answer> {
  const from = queryNumber(request, 'from', { otherwise: 0, most: 1_000_000 })
  if (from === null) return refusal('malformed')
  const rest = ((await chains.read(accepted.account))?.links ?? []).slice(from)
  const some = upTo(rest, listBytes, (link) => link.length)
  const erasure = await erasures.notice(accepted.account)
  const end = some.length === rest.length
  return answer(linksAnswer, { links: [...some], end, ...(erasure === null ? {} : { erasure }) })
}

function refuseLink(refused: PlaceRefusal): Answer {
  const isOwnWord = refused === 'head-moved' || refused === 'chain-full'
  return isOwnWord ? refusal(refused) : refusal('link-refused', { reason: refused })
}

async function open(
  service: ReplicaService,
  { link, more = [] }: z.output<typeof openingRequest>,
  shown: StrangersCall,
): Promise<Answer> {
  const opened = await service.order.run(shown.account, () => service.emptyAccounts.open({ ...shown, link, more }))
  return opened.ok ? answer(storedAnswer, { kind: opened.value }, 201) : refuseOpening(service, opened.error)
}

function refuseOpening(service: ReplicaService, refused: OpeningRefusal): Answer {
  if (refused === 'open') return refusal(refused)
  return refuseStranger(service, refused) ?? refusal('link-refused', { reason: refused })
}
