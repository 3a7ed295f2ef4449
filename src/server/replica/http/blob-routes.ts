import type { FastifyInstance, FastifyRequest } from 'fastify'
import { answer, refusal, type Answer } from './answer.ts'
import { queryNumber } from './query.ts'
import { signedRoute, withShape, type SignedCall } from './signed-route.ts'
import type { ReplicaService } from '../service.ts'
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import { blobAnswer, blobPutAnswer, blobsAnswer, blobsRequest, droppedAnswer } from '#shared/replication/api.ts'
import { hashBytes } from '#shared/replication/envelope.ts'

/** Sealed attachments: put part by part, read from anywhere on, asked for, erased. */
export function addBlobRoutes(app: FastifyInstance, service: ReplicaService): void {
  const { limits } = service
  const { blobs } = service.ports
  app.put(
    '/blobs/:hash',
    signedRoute(service, { use: 'write', most: limits.blobPartBytes, handle: (call) => put(service, call) }),
  )
  app.get('/blobs/:hash', signedRoute(service, { use: 'read', most: 0, handle: (call) => get(service, call) }))
  app.post(
    '/blobs/which',
    signedRoute(service, {
      ...{ use: 'read', most: limits.hashesBytes },
      handle: withShape(blobsRequest, async (asked, { accepted }) => {
        const states = await blobs.states(accepted.account, asked.blobs)
        return answer(blobsAnswer, { blobs: states.map(({ whole, next }) => ({ whole, next })) })
      }),
    }),
  )
  app.post(
    '/blobs/erase',
    signedRoute(service, {
      ...{ use: 'write', most: limits.hashesBytes },
      handle: withShape(blobsRequest, async (asked, { accepted }) =>
        answer(droppedAnswer, { dropped: await blobs.erase(accepted.account, asked.blobs) }),
      ),
    }),
  )
}

async function put(service: ReplicaService, { accepted, body, request }: SignedCall): Promise<Answer> {
  const hash = hashOf(request)
  const most = Number.MAX_SAFE_INTEGER
  const [at, size] = [
    queryNumber(request, 'at', { otherwise: 0, most }),
    queryNumber(request, 'of', { otherwise: 0, most }),
  ]
  if (hash === null || at === null || size === null) return refusal('malformed')
  if (body.length === 0 || at + body.length > size) return refusal('malformed')
  if (size > service.limits.blobBytes) return refusal('too-large')
  const taken = await service.ports.blobs.put(accepted.account, { hash, size, at, bytes: body })
  if (taken.kind === 'stored' || (taken.kind === 'part' && taken.next === at + body.length))
    service.metrics.storedBlob(body.length, taken.kind === 'stored')
  switch (taken.kind) {
    case 'part':
      return answer(blobPutAnswer, taken)
    case 'stored':
    case 'repeated':
      return answer(blobPutAnswer, { ...taken, next: size })
    case 'quota':
    case 'wrong-hash':
      return refusal(taken.kind)
  }
}

async function get(service: ReplicaService, { accepted, request }: SignedCall): Promise<Answer> {
  const hash = hashOf(request)
  const at = queryNumber(request, 'at', { otherwise: 0, most: Number.MAX_SAFE_INTEGER })
  if (hash === null || at === null) return refusal('malformed')
  const { blobs } = service.ports
  const found = await blobs.read(accepted.account, hash, { at, most: service.limits.blobPartBytes })
  if (found === null) return refusal('not-found')
  service.metrics.readBlob(found.bytes.length)
  return answer(blobAnswer, { size: found.size, bytes: found.bytes })
}

function hashOf(request: FastifyRequest): Uint8Array | null {
  const { hash } = request.params as { readonly hash: string }
  const bytes = fromBase64Url(hash)
  return bytes?.length === hashBytes ? bytes : null
}
