import type { FastifyInstance } from 'fastify'
import { refusal, send, type Answer } from './answer.ts'
import { refuseBrowser } from './arrival.ts'
import { addBlobRoutes } from './blob-routes.ts'
import { addBoxRoutes } from './box-routes.ts'
import { addChainRoutes } from './chain-routes.ts'
import { addErasureRoutes } from './erasure-routes.ts'
import { addHistoryRoutes } from './history-routes.ts'
import { comeAgain } from './signed-route.ts'
import { PostgresStoreError } from '../postgres/store-error.ts'
import type { ReplicaService } from '../service.ts'
import { SottoError } from '#shared/errors.ts'
import { replicaPath } from '#shared/replication/api.ts'

/** More routes below `/replica`, guarded and answered like the replica's own. */
export type MoreRoutes = (app: FastifyInstance, service: ReplicaService) => void

/** The replica's HTTP interface (`docs/replication.md`); its WebSocket is in `news-upgrade.ts`. */
export async function addReplicaRoutes(
  root: FastifyInstance,
  service: ReplicaService,
  more: readonly MoreRoutes[] = [],
): Promise<void> {
  await root.register(
    (app, _options, done) => {
      // Bodies are read by the routes, once the head of their request was admitted.
      app.removeAllContentTypeParsers()
      app.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null))
      app.addHook('onRequest', (request, reply, next) => {
        reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
        const refused = refuseBrowser(request.raw, service.ports.hosts())
        if (refused === null) next()
        else send(reply, refusal(refused))
      })
      app.addHook('onResponse', (request, reply, next) => {
        service.metrics.answered(`${request.method} ${request.routeOptions.url ?? ''}`, reply.statusCode)
        next()
      })
      app.setNotFoundHandler((_request, reply) => send(reply, refusal('not-found')))
      app.setErrorHandler((cause, _request, reply) => send(reply, failure(service, cause)))
      const own = [addChainRoutes, addBoxRoutes, addErasureRoutes, addHistoryRoutes, addBlobRoutes]
      for (const add of [...own, ...more]) add(app, service)
      done()
    },
    { prefix: replicaPath },
  )
}

/** What a failing store means to who asked; a bug is told to nobody. */
function failure(service: ReplicaService, cause: unknown): Answer {
  const { log } = service.ports
  if (cause instanceof SottoError || cause instanceof PostgresStoreError) {
    log.error('replica-store-failed', { code: cause.code })
    return comeAgain(service, 'unavailable')
  }
  const status = cause instanceof Error && 'statusCode' in cause ? Number(cause.statusCode) : 500
  if (status < 500) return refusal('malformed')
  log.error('replica-failed', { reason: cause instanceof Error ? cause.name : typeof cause })
  return refusal('internal')
}
