import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import { answer, refusal, type Answer } from './answer.ts'
import { signedRoute } from './signed-route.ts'
import { refuseStranger, strangersRoute, type StrangersCall } from './strangers-route.ts'
import type { ReplicaService } from '../service.ts'
import { droppedAnswer, erasureAnswer, erasureRequest, usageAnswer } from '#shared/replication/api.ts'

/** The end of an account: at once on the word of its devices, announced on that of its password. */
export function addErasureRoutes(app: FastifyInstance, service: ReplicaService): void {
  app.delete(
    '/account',
    signedRoute(service, {
      ...{ use: 'erase', most: 0 },
      handle: async ({ accepted }) => answer(usageAnswer, await service.eraseInOrder(accepted.account)),
    }),
  )
  app.post(
    '/erasure',
    strangersRoute(service, erasureRequest, (wanted, call) => ask(service, wanted, call)),
  )
  app.delete(
    '/erasure',
    signedRoute(service, {
      // As for links: the paper key may, and each device also while the chain is forked.
      ...{ use: 'links', most: 0 },
      handle: async ({ accepted: { account, signer } }) => {
        const isKept = await service.keep(account)
        if (isKept) service.news.tell(account, 'chain', signer)
        return answer(droppedAnswer, { dropped: Number(isKept) })
      },
    }),
  )
}

async function ask(
  service: ReplicaService,
  { ask: asks }: z.output<typeof erasureRequest>,
  shown: StrangersCall,
): Promise<Answer> {
  const asked = await service.order.run(shown.account, () => service.erasures.ask({ ...shown, ask: asks }))
  if (!asked.ok) return refuseStranger(service, asked.error) ?? refusal('internal')
  if (asked.value.isNew) service.news.tell(shown.account, 'chain', null)
  return answer(erasureAnswer, asked.value.answer)
}
