/** One worker for one job: started with it, ended with it, told when the user gives up. */
import type { ArchivePorts } from './archive-port.ts'
import type { ArchiveMethods, ArchiveWorkerEvents } from './worker/contract.ts'

export class JobWorker {
  readonly #handle: Awaited<ReturnType<ArchivePorts['startWorker']>>
  #ended = false

  constructor(handle: Awaited<ReturnType<ArchivePorts['startWorker']>>) {
    this.#handle = handle
  }

  /** @throws SottoError of the worker; `cancelled` after it was ended. */
  call<K extends keyof ArchiveMethods>(
    method: K,
    ...args: Parameters<ArchiveMethods[K]>
  ): Promise<Awaited<ReturnType<ArchiveMethods[K]>>> {
    return this.#handle.rpc.call(method, ...args)
  }

  onProgress(handler: (progress: ArchiveWorkerEvents['progress']) => void): void {
    this.#handle.rpc.on('progress', handler)
  }

  /** Whatever runs rejects with `cancelled`. */
  cancel(): void {
    if (!this.#ended) this.call('cancel').catch(() => undefined)
  }

  /** Leaves nothing behind. */
  async end(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#handle.rpc.call('close').catch(() => undefined)
    await this.#handle.end()
  }
}
