import { parentPort, Worker, workerData } from 'node:worker_threads'
import { SottoError, type ErrorCode } from '#shared/errors.ts'
import { connectRpc, type RpcClient } from './connect.ts'
import type { CallMessage, EndMessage, ReadyMessage, RpcMethods } from './protocol.ts'
import { failureOf, serveRpc, type RpcServer } from './serve.ts'

/** A running worker and the calls it answers. */
export interface WorkerHandle<M extends RpcMethods<M>, Events> {
  readonly rpc: RpcClient<M, Events>
  /** Ends the worker at once; pending calls reject. Ask the worker to finish its work first. */
  terminate(): Promise<void>
  /** Lets the worker end by itself once it has nothing more to do, as one with native code in it should; stops it where it does not. */
  end(): Promise<void>
  /** Raised once when the worker ended by itself (a crash); not after `terminate` or `end`. */
  onCrash(handler: () => void): () => void
}

export interface StartWorkerOptions {
  /** `file:` URL of the worker's entry, see {@link workerUrl}. */
  readonly url: URL
  /** Structured-cloned to the worker as its start value; secrets in it are the receiver's to wipe. */
  readonly start: unknown
  /** Code of calls after the worker ended. */
  readonly closedCode?: ErrorCode
  /** Hears how far the worker is where its start takes long: 0 to 1. */
  readonly starting?: ((share: number) => void) | undefined
}

/**
 * Finds a worker's entry from any module of main: `src/main/workers/<name>.ts` when run from source,
 * `out/main/<name>.js` when built.
 */
export function workerUrl(name: string, moduleUrl: string): URL {
  const built = moduleUrl.lastIndexOf('/out/main/')
  if (built >= 0) return new URL(`${moduleUrl.slice(0, built)}/out/main/${name}.js`)
  const source = moduleUrl.lastIndexOf('/src/')
  return new URL(`${moduleUrl.slice(0, source)}/src/main/workers/${name}.ts`)
}

/** A worker that has nothing to do any more, or could not start, has ended long before. */
const endsWithinMs = 2000
/** What passes through a worker is short-lived and small: by itself V8 would let each hold tens of MiB of it. */
const resourceLimits = { maxYoungGenerationSizeMb: 3 }

/** Libraries write whole messages to stderr, keys and digests among them, where this variable asks for it: here it asks nobody. */
function quietEnvironment(): NodeJS.ProcessEnv {
  const { DEBUG: _, ...rest } = process.env
  return rest
}

/**
 * Starts a worker and resolves when it announced that it is ready.
 * @throws SottoError with the code the worker failed to start with; `internal` when it died before.
 */
export async function startWorker<M extends RpcMethods<M>, Events = Record<string, never>>(
  options: StartWorkerOptions,
): Promise<WorkerHandle<M, Events>> {
  const worker = new Worker(options.url, { workerData: options.start, resourceLimits, env: quietEnvironment() })
  const crashed = new Set<() => void>()
  let isOver = false
  const rpc = connectRpc<M, Events>(worker)
  const finish = (code: ErrorCode): void => {
    if (isOver) return
    isOver = true
    rpc.close(code)
  }
  const over = (): void => finish(options.closedCode ?? 'internal')
  worker.on('error', () => undefined) // 'exit' follows and does the work.
  worker.on('exit', () => {
    const crash = !isOver
    over()
    if (crash) for (const handler of crashed) handler()
  })
  const ended = endingOf(worker)
  try {
    await untilReady(worker, options.starting)
  } catch (error) {
    finish('internal')
    // It is about to end by itself.
    await ended()
    throw error
  }
  return {
    rpc,
    ...ways(worker, over, ended),
    onCrash: (handler) => {
      crashed.add(handler)
      return () => crashed.delete(handler)
    },
  }
}

/** How it is ended from outside: at once, or after what it still does. */
function ways(worker: Worker, over: () => void, ended: () => Promise<void>) {
  return {
    terminate: async (): Promise<void> => {
      over()
      await worker.terminate()
    },
    end: async (): Promise<void> => {
      over()
      worker.postMessage({ type: 'end' } satisfies EndMessage)
      await ended()
    },
  }
}

/**
 * Waits until the worker has ended by itself, and stops one that does not: to be stopped while native code cleans up can bring the
 * program down.
 */
function endingOf(worker: Worker): () => Promise<void> {
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  return async () => {
    await within(exited, endsWithinMs)
    await worker.terminate()
  }
}

/** Resolves with `done`, or after so long without it. */
async function within(done: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))
  await Promise.race([done, late]).finally(() => clearTimeout(timer))
}

async function untilReady(worker: Worker, starting: StartWorkerOptions['starting']): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  const hear = (message: ReadyMessage): void => {
    if (message.type === 'ready') resolve(undefined)
    else if (message.type === 'starting') starting?.(message.share)
    else reject(new SottoError(message.code, message.params))
  }
  worker.once('exit', () => reject(new SottoError('internal')))
  worker.on('message', hear)
  await promise.finally(() => worker.off('message', hear))
}

/**
 * The worker's side of {@link startWorker}: builds the handlers from the start value, serves them and says `ready`. An
 * exception in `build` is reported to the starter as its code and ends the worker. `build` must emit nothing before it
 * returns.
 */
export async function runWorker<M extends RpcMethods<M>, Events = Record<string, never>>(
  build: (start: unknown, emit: RpcServer<Events>['emit'], starting: (share: number) => void) => M | Promise<M>,
  onBug: (error: unknown, method: string) => void,
): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('not a worker')
  let server: RpcServer<Events> | null = null
  try {
    const starting = (share: number): void => port.postMessage({ type: 'starting', share } satisfies ReadyMessage)
    const handlers = await build(workerData, (event, payload) => server?.emit(event, payload), starting)
    server = serveRpc<M, Events>(port, handlers, onBug)
    port.on('message', (message: CallMessage | EndMessage) => {
      if (message.type === 'end') port.close()
    })
    port.postMessage({ type: 'ready' } satisfies ReadyMessage)
  } catch (error) {
    if (!(error instanceof SottoError)) onBug(error, 'start')
    port.postMessage({ type: 'start-failed', ...failureOf(error) } satisfies ReadyMessage)
    port.close()
  }
}
