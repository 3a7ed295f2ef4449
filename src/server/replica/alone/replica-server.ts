import fastify from 'fastify'
import { defaultHomeLimits, type HomeLimits } from '../../home/limits.ts'
import { Admission } from '../../home/net/admission.ts'
import { httpsListener } from '../../home/net/web-listener.ts'
import type { ServerIdentity } from '../../home/tls/certificate.ts'
import { newsUpgrade } from '../http/news-upgrade.ts'
import { addReplicaRoutes, type MoreRoutes } from '../http/replica-routes.ts'
import type { ReplicaService } from '../service.ts'
import { addOperation, type OperationOptions } from './operation.ts'

export interface ReplicaServerOptions extends OperationOptions {
  readonly host: string
  readonly port: number
  readonly identity: Pick<ServerIdentity, 'keyPem' | 'certificatePem'>
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
