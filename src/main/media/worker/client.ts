/** Main's side of the media worker: {@link MediaPort} over its calls; a worker that died ends its calls, the next one starts anew. */
import type { CallId } from '#shared/model/calls.ts'
import { SottoError } from '#shared/errors.ts'
import type { LogPort } from '#shared/ports/log.ts'
import { err } from '#shared/result.ts'
import { startWorker, workerUrl, type WorkerHandle } from '#main/platform/worker-rpc/start-worker.ts'
import type { MediaEvent, MediaOutcome, MediaPort } from '../media-port.ts'
import type { MediaMethods, MediaWorkerEvents } from './contract.ts'

/** The started worker as the client uses it. */
export type MediaWorker = WorkerHandle<MediaMethods, MediaWorkerEvents>

interface ClientPorts {
  readonly log: LogPort
  /** Starts a worker; replaced in tests. */
  readonly start?: () => Promise<MediaWorker>
}

/** Makes the client; the worker starts with the first use, or by {@link MediaClient.warm}. */
export function createMediaClient(ports: ClientPorts): MediaClient {
  return new MediaClient(ports)
}

function startRealWorker(): Promise<MediaWorker> {
  return startWorker({ url: workerUrl('media-worker', import.meta.url), start: null })
}

export class MediaClient implements MediaPort {
  readonly #ports: ClientPorts
  readonly #handlers = new Set<(event: MediaEvent) => void>()
  readonly #calls = new Set<CallId>()
  #worker: Promise<MediaWorker> | null = null
  #isStopped = false

  constructor(ports: ClientPorts) {
    this.#ports = ports
  }

  /** Starts the worker before it is needed: the first ring must not wait for it. */
  warm(): void {
    this.#running().catch(() => undefined)
  }

  async inspect(...args: Parameters<MediaPort['inspect']>): ReturnType<MediaPort['inspect']> {
    return (await this.#running()).rpc.call('inspect', ...args)
  }

  offer(request: Parameters<MediaPort['offer']>[0]): ReturnType<MediaPort['offer']> {
    this.#calls.add(request.call)
    return this.#outcome((worker) => worker.rpc.call('offer', request))
  }

  takeAnswer(request: Parameters<MediaPort['takeAnswer']>[0]): ReturnType<MediaPort['takeAnswer']> {
    return this.#outcome((worker) => worker.rpc.call('takeAnswer', request))
  }

  answer(request: Parameters<MediaPort['answer']>[0]): ReturnType<MediaPort['answer']> {
    this.#calls.add(request.call)
    return this.#outcome((worker) => worker.rpc.call('answer', request))
  }

  reoffer(request: Parameters<MediaPort['reoffer']>[0]): ReturnType<MediaPort['reoffer']> {
    return this.#outcome((worker) => worker.rpc.call('reoffer', request))
  }

  async takeBack(request: Parameters<MediaPort['takeBack']>[0]): ReturnType<MediaPort['takeBack']> {
    return (await this.#ifRunning((worker) => worker.rpc.call('takeBack', request))) ?? { rendererSdp: null }
  }

  async zrtpSecrets(...args: Parameters<MediaPort['zrtpSecrets']>): Promise<void> {
    await this.#ifRunning((worker) => worker.rpc.call('zrtpSecrets', ...args))
  }

  async compared(...args: Parameters<MediaPort['compared']>): Promise<void> {
    await this.#ifRunning((worker) => worker.rpc.call('compared', ...args))
  }

  async sendDigit(...args: Parameters<MediaPort['sendDigit']>): Promise<void> {
    await this.#ifRunning((worker) => worker.rpc.call('sendDigit', ...args))
  }

  async network(call: CallId): ReturnType<MediaPort['network']> {
    return (await this.#ifRunning((worker) => worker.rpc.call('network', call))) ?? null
  }

  async networkChanged(): Promise<void> {
    await this.#ifRunning((worker) => worker.rpc.call('networkChanged'))
  }

  async close(call: CallId): Promise<void> {
    this.#calls.delete(call)
    await this.#ifRunning((worker) => worker.rpc.call('close', call))
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    const worker = await this.#worker?.catch(() => null)
    this.#worker = null
    await worker?.rpc.call('stop').catch(() => undefined)
    await worker?.terminate()
  }

  onEvent(handler: (event: MediaEvent) => void): () => void {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  async #outcome<T>(run: (worker: MediaWorker) => Promise<MediaOutcome<T>>): Promise<MediaOutcome<T>> {
    try {
      return await run(await this.#running())
    } catch (error) {
      if (!(error instanceof SottoError)) throw error
      return err('engine')
    }
  }

  async #ifRunning<T>(run: (worker: MediaWorker) => Promise<T>): Promise<T | null> {
    const worker = await this.#worker?.catch(() => null)
    if (worker == null) return null
    try {
      return await run(worker)
    } catch (error) {
      if (!(error instanceof SottoError)) throw error
      return null
    }
  }

  #running(): Promise<MediaWorker> {
    if (this.#isStopped) return Promise.reject(new SottoError('internal'))
    this.#worker ??= this.#start()
    return this.#worker
  }

  async #start(): Promise<MediaWorker> {
    try {
      const worker = await (this.#ports.start ?? startRealWorker)()
      worker.rpc.on('media', (event) => this.#raise(event))
      worker.onCrash(() => this.#crashed())
      return worker
    } catch (error) {
      this.#worker = null
      throw error
    }
  }

  #crashed(): void {
    this.#worker = null
    this.#ports.log.error('media worker ended unexpectedly')
    const lost = [...this.#calls]
    this.#calls.clear()
    for (const call of lost) this.#raise({ kind: 'lost', call, why: 'engine' })
  }

  #raise(event: MediaEvent): void {
    for (const handler of [...this.#handlers]) handler(event)
  }
}
