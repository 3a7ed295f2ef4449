import type { FastifyInstance } from 'fastify'
import type { Aor } from '#shared/model/ids.ts'
import { sameSecret } from '../../home/accounts/sign-up-token.ts'
import { isFromLoopback, refuseBrowser } from '../http/arrival.ts'
import type { ReplicaMetrics } from '../metrics.ts'
import type { ReplicaService } from '../service.ts'

export interface OperationOptions {
  readonly metrics: ReplicaMetrics
  /** Who shows it may read `/metrics` from other computers, too. */
  readonly metricsToken: string | null
}

/** `/healthz` and `/metrics`: for who runs it. */
export function addOperation(
  app: FastifyInstance,
  service: Pick<ReplicaService, 'ports' | 'isStopping' | 'room' | 'news'>,
  options: OperationOptions,
): void {
  const { metrics, metricsToken } = options
  const { erasureList } = service.ports
  app.addHook('onRequest', (request, reply, next) => {
    if (refuseBrowser(request.raw, service.ports.hosts()) === null) next()
    else reply.code(403).send()
  })
  app.get('/healthz', async (_request, reply) => {
    if (service.isStopping) return reply.code(503).send('stopping\n')
    if (!(await isStorageWell(service))) return reply.code(503).send('store unavailable\n')
    // Without it an erasure would not outlive a backup.
    if (erasureList?.isThere === false) return reply.code(503).send('list of erasures missing\n')
    return reply.code(200).send('ok\n')
  })
  app.get('/metrics', (request, reply) => {
    const shown = /^Bearer (\S{1,200})$/.exec(request.headers.authorization ?? '')?.[1]
    const isShown = metricsToken !== null && shown !== undefined && sameSecret(shown, metricsToken)
    if (!isFromLoopback(request.raw) && !isShown) return reply.code(403).send()
    const gauges = {
      ...{ requestsAtWork: service.room.taken, listeners: service.news.size },
      ...{ listedErasures: erasureList?.size ?? 0, hasErasureList: erasureList?.isThere === true },
    }
    return reply.header('content-type', 'text/plain; version=0.0.4').send(metrics.text(gauges))
  })
}

/** Of an account that cannot be; each part is asked, since one alone may answer out of its memory. */
function isStorageWell({ ports: { store, blobs, access } }: Pick<ReplicaService, 'ports'>): Promise<boolean> {
  return Promise.all([store.usage(nobody), blobs.usage(nobody), access.mark(nobody)]).then(
    () => true,
    () => false,
  )
}

const nobody = 'sip:@' as Aor
