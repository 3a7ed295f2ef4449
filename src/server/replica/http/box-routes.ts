import type { FastifyInstance } from 'fastify'
import { answer, refusal, type Answer } from './answer.ts'
import { queryNumber } from './query.ts'
import { signedRoute, withShape, type SignedCall } from './signed-route.ts'
import { upTo } from './up-to.ts'
import type { ReplicaService } from '../service.ts'
import { boxesAnswer, boxesRequest, boxesStoredAnswer, droppedAnswer, listBytes } from '#shared/replication/api.ts'

const lastEpoch = 0xffff_ffff

/** Keys of epochs. */
export function addBoxRoutes(app: FastifyInstance, service: ReplicaService): void {
  const { boxes: door, limits } = service
  app.get('/boxes', signedRoute(service, { use: 'read', most: 0, handle: (call) => list(service, call) }))
  app.post(
    '/boxes',
    signedRoute(service, {
      ...{ use: 'write', most: limits.boxesBytes },
      handle: withShape(boxesRequest, async ({ boxes }, { accepted }) => {
        const put = await door.put(accepted, boxes)
        if (!put.ok) return refusal(put.error)
        if (put.value.includes('stored')) service.news.tell(accepted.account, 'chain', accepted.signer)
        return answer(boxesStoredAnswer, { answers: [...put.value] })
      }),
    }),
  )
  app.delete('/boxes', signedRoute(service, { use: 'write', most: 0, handle: (call) => drop(service, call) }))
}

/** A device may fetch its own, and those that the paper key opens: it was typed in on this device. */
async function list({ boxes: door }: ReplicaService, { accepted, request }: SignedCall): Promise<Answer> {
  const from = queryNumber(request, 'from', { otherwise: 0, most: lastEpoch })
  if (from === null) return refusal('malformed')
  const isForPaper = new URLSearchParams(request.raw.url?.split('?')[1] ?? '').get('of') === 'paper'
  const all = await door.list(accepted, isForPaper ? 'paper' : accepted.signed.request.device)
  const rest = all.filter(({ epoch }) => epoch >= from)
  const some = upTo(rest, listBytes, ({ box }) => box.length)
  return answer(boxesAnswer, { boxes: [...some], end: some.length === rest.length })
}

async function drop(service: ReplicaService, { accepted, request }: SignedCall): Promise<Answer> {
  const before = queryNumber(request, 'before', { otherwise: 0, most: lastEpoch })
  if (before === null) return refusal('malformed')
  return answer(droppedAnswer, { dropped: await service.ports.access.dropBoxesBefore(accepted.account, before) })
}
