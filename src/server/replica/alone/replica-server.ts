import fastify, { type FastifyInstance } from 'fastify'
import { sameSecret } from '../../home/accounts/sign-up-token.ts'
import { defaultHomeLimits, type HomeLimits } from '../../home/limits.ts'
import { Admission } from '../../home/net/admission.ts'
import { httpsListener } from '../../home/net/web-listener.ts'
import type { ServerIdentity } from '../../home/tls/certificate.ts'
import { isFromLoopback, refuseBrowser } from '../http/arrival.ts'
import { newsUpgrade } from '../http/news-upgrade.ts'
import { addReplicaRoutes, type MoreRoutes } from '../http/replica-routes.ts'
import type { ReplicaMetrics } from '../metrics.ts'
import type { ReplicaService } from '../service.ts'
import type { Aor } from '#shared/model/ids.ts'

export interface ReplicaServerOptions {
  readonly host: string
  readonly port: number
  readonly identity: Pick<ServerIdentity, 'keyPem' | 'certificatePem'>
  readonly metrics: ReplicaMetrics
  /** Who shows it may read `/metrics` from other computers, too. */
  readonly metricsToken: string | null
  readonly limits?: HomeLimits
  readonly more?: readonly MoreRoutes[]
}

/** A replica with a listener of its own, beside no home server. */
export class ReplicaServer {
  readonly #service: ReplicaService
  readonly #listener: ReturnType<typeof httpsListener>
  readonly #admission: Admission
  /** Where it listens. */
  readonly port: number

  static async start(service: ReplicaService, options: ReplicaServerOptions): Promise<ReplicaServer> {
    await service.start()
    const app = fastify({ logger: false, return503OnClosing: false })
    await addReplicaRoutes(app, service, options.more)
    addOperation(app, service, options)
    await app.ready()
    const { clock, hosts } = service.ports
    const limits = options.limits ?? defaultHomeLimits
    const admission = new Admission({ limits, clock })
    const context = { key: options.identity.keyPem, cert: options.identity.certificatePem }
    const ports = { admission, limits, clock, hosts, onUpgrade: newsUpgrade(service) }
    const listener = httpsListener(ports, context, (request, response) => app.routing(request, response))
    const port = await listener.listen(options.host, options.port)
    return new ReplicaServer(service, { listener, admission, port })
  }

  private constructor(
    service: ReplicaService,
    parts: { listener: ReturnType<typeof httpsListener>; admission: Admission; port: number },
  ) {
    this.#service = service
    this.#listener = parts.listener
    this.#admission = parts.admission
    this.port = parts.port
  }

  /** Gives new connections another certificate. */
  renew({ keyPem, certificatePem }: Pick<ServerIdentity, 'keyPem' | 'certificatePem'>): void {
    this.#listener.renew({ key: keyPem, cert: certificatePem })
  }

  /** Forgets addresses that are not connected any more. */
  sweep(): void {
    this.#admission.sweep()
  }

  /** Takes no connection, refuses what is new on the open ones, finishes what runs, closes the stores. Idempotent. */
  async stop(): Promise<void> {
    await this.#listener.unlisten()
    await this.#service.stop()
    await this.#listener.close()
  }
}

/** `/healthz` and `/metrics`: for who runs it. */
function addOperation(app: FastifyInstance, service: ReplicaService, options: ReplicaServerOptions): void {
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
function isStorageWell({ ports: { store, blobs, access } }: ReplicaService): Promise<boolean> {
  return Promise.all([store.usage(nobody), blobs.usage(nobody), access.mark(nobody)]).then(
    () => true,
    () => false,
  )
}

const nobody = 'sip:@' as Aor
