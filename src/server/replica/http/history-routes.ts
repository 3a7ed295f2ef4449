import type { FastifyInstance } from 'fastify'
import { answer, bytesAnswer, refusal, type Answer } from './answer.ts'
import { queryNumber } from './query.ts'
import { signedRoute, withShape, type SignedCall } from './signed-route.ts'
import { nodeCrypto } from '../access/crypto.ts'
import type { AppendAnswer, BatchPage } from '../replica-store.ts'
import type { ReplicaService } from '../service.ts'
import { takeBatch } from '../take-batch.ts'
import { deviceIdText } from '#shared/identity/device-chain.ts'
import { headsAnswer, pageBytes, pageRequest, pushAnswer, usageAnswer } from '#shared/replication/api.ts'
import { encodePage } from '#shared/replication/page.ts'

/** Batches: pushed, read, counted. */
export function addHistoryRoutes(app: FastifyInstance, service: ReplicaService): void {
  const { limits } = service
  const { store } = service.ports
  app.get(
    '/heads',
    signedRoute(service, {
      ...{ use: 'read', most: 0 },
      handle: async ({ accepted }) => {
        const heads = await store.heads(accepted.account)
        return answer(headsAnswer, { heads: heads.map(({ device, seq, hash }) => ({ device, seq, hash })) })
      },
    }),
  )
  app.post(
    '/batches',
    signedRoute(service, { use: 'write', most: limits.batchBytes, handle: (call) => push(service, call) }),
  )
  app.post(
    '/page',
    signedRoute(service, {
      ...{ use: 'read', most: limits.cursorBytes },
      handle: withShape(pageRequest, async ({ after }, { accepted }) =>
        pageAnswer(service, await store.page(accepted.account, { after, maxBytes: pageBytes })),
      ),
    }),
  )
  app.get('/newest', signedRoute(service, { use: 'read', most: 0, handle: (call) => newest(service, call) }))
  app.get(
    '/usage',
    signedRoute(service, {
      ...{ use: 'read', most: 0 },
      handle: async ({ accepted }) => answer(usageAnswer, await service.usage(accepted.account)),
    }),
  )
}

async function push(service: ReplicaService, { accepted, body, request }: SignedCall): Promise<Answer> {
  const { account, chain, signed, signer } = accepted
  const begins = queryNumber(request, 'begins', { otherwise: 0, most: 1 })
  const sender = signed.request.device
  if (begins === null || sender === 'paper') return refusal('malformed')
  const taken = await takeBatch(service.ports.store, body, {
    ...{ account, sender, begins: begins === 1, crypto: nodeCrypto },
    keyOf: (device) => chain.state.devices.get(deviceIdText(device))?.keys.ed25519 ?? null,
  })
  if (!taken.ok) return refusal('batch-refused', { reason: taken.error })
  if (taken.value.kind === 'stored') {
    service.metrics.stored(body.length)
    service.news.tell(account, 'stored', signer)
  }
  return pushed(taken.value)
}

function pushed(taken: AppendAnswer): Answer {
  switch (taken.kind) {
    case 'stored':
    case 'repeated':
      return answer(pushAnswer, taken)
    case 'fork':
    case 'gap':
    case 'behind': {
      const { head } = taken
      const place = head === null ? null : { device: head.device, seq: head.seq, hash: head.hash }
      return refusal('not-behind-head', { reason: taken.kind, head: place })
    }
    case 'quota':
      return refusal('quota')
  }
}

async function newest(service: ReplicaService, { accepted, request }: SignedCall): Promise<Answer> {
  const bytes = queryNumber(request, 'bytes', { otherwise: pageBytes, most: pageBytes })
  if (bytes === null) return refusal('malformed')
  const batches = await service.ports.store.newest(accepted.account, bytes)
  return pageAnswer(service, { batches, end: true })
}

function pageAnswer(service: ReplicaService, { batches, end }: BatchPage): Answer {
  const page = encodePage({ batches: batches.map(({ bytes }) => bytes), end })
  service.metrics.read(page.length)
  return bytesAnswer(page)
}
