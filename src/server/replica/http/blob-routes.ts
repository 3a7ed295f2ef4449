import type { FastifyInstance, FastifyRequest } from 'fastify'
import { answer, refusal, type Answer } from './answer.ts'
import { queryNumber } from './query.ts'
import { signedRoute, withShape, type SignedCall } from './signed-route.ts'
import type { BlobPart } from '../blob-store.ts'
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

async function put(service: ReplicaService, call: SignedCall): Promise<Answer> {
  const part = partOf(call)
  if (part === null) return refusal('malformed')
  if (part.size > service.limits.blobBytes) return refusal('too-large')
  const taken = await service.ports.blobs.put(call.accepted.account, part)
  const end = part.at + part.bytes.length
  if (taken.kind === 'stored' || (taken.kind === 'part' && taken.next === end))
    service.metrics.storedBlob(part.bytes.length, taken.kind === 'stored')
  // Others may have read already what names it.
  if (taken.kind === 'stored') service.news.tell(call.accepted.account, 'stored', call.accepted.signer)
  switch (taken.kind) {
    case 'part':
      return answer(blobPutAnswer, taken)
    case 'stored':
    case 'repeated':
      return answer(blobPutAnswer, { ...taken, next: part.size })
    case 'quota':
    case 'wrong-hash':
      return refusal(taken.kind)
  }
}

/** What a request puts; null for what is no part of a blob. */
function partOf({ body, request }: SignedCall): BlobPart | null {
  const most = Number.MAX_SAFE_INTEGER
  const [hash, at] = [hashOf(request), queryNumber(request, 'at', { otherwise: 0, most })]
  const size = queryNumber(request, 'of', { otherwise: 0, most })
  if (hash === null || at === null || size === null) return null
  return body.length === 0 || at + body.length > size ? null : { hash, size, at, bytes: body }
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
