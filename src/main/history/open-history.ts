/** Opens the history of a profile: in two workers, as the program does, or on the calling thread, as tests may. */
import type { Hlc } from '#shared/model/entry.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import { startWorker, workerUrl, type WorkerHandle } from '#main/platform/worker-rpc/start-worker.ts'
import { HistoryReader } from './history-reader.ts'
import { HistoryWriter } from './history-writer.ts'
import type { HistoryChange, HistoryReaderPort, HistoryWriterPort } from './port.ts'

/** What the writer worker answers. */
export type HistoryWriterMethods = Omit<HistoryWriterPort, 'onChange'> & { readonly close: () => void }
export interface HistoryWriterEvents {
  readonly change: HistoryChange
}
/** What the reader worker answers. */
export type HistoryReaderMethods = HistoryReaderPort & {
  /** Opens the database, once the writer has. */
  readonly open: () => void
  readonly lastHlc: () => Promise<Hlc>
  readonly close: () => void
}

/** Start value of both workers. */
export interface HistoryWorkerStart {
  readonly path: string
  readonly key: Uint8Array
}

export interface OpenHistory {
  readonly writer: HistoryWriterPort
  readonly reader: HistoryReaderPort
  /** Timestamp of the latest message, for the clock of new entries to go on from. */
  lastHlc(): Promise<Hlc>
  /** Finishes what is queued and closes the database; later calls reject with `locked`. */
  close(): Promise<void>
  /** Raised when a worker ended by itself: the history is gone until it is opened again. */
  onCrash(handler: () => void): () => void
}

export interface OpenHistoryOptions {
  /** Path of the database file; its directory must exist. */
  readonly path: string
  /** Raw 256-bit key; copied, stays the caller's to wipe. */
  readonly key: Uint8Array
}

/**
 * Opens the history in its two workers.
 * @throws SottoError an `OpenFailure` code.
 */
export async function openHistoryInWorkers(options: OpenHistoryOptions): Promise<OpenHistory> {
  const start: HistoryWorkerStart = { path: options.path, key: options.key.slice() }
  const spawn = <M, E>(name: string) =>
    startWorker<M & HistoryMethodsShape<M>, E>({ url: workerUrl(name, import.meta.url), start, closedCode: 'locked' })
  const starting = [
    spawn<HistoryWriterMethods, HistoryWriterEvents>('history-writer-worker'),
    spawn<HistoryReaderMethods, Record<string, never>>('history-reader-worker'),
  ] as const
  try {
    const [writer, reader] = await Promise.all(starting)
    // Only now: the writer makes the file and brings the schema up to date.
    await reader.rpc.call('open')
    return joined(writer, reader)
  } catch (error) {
    for (const started of await Promise.allSettled(starting)) {
      if (started.status === 'fulfilled') await started.value.terminate()
    }
    throw error
  } finally {
    start.key.fill(0)
  }
}

type HistoryMethodsShape<M> = { readonly [K in keyof M]: (...args: never[]) => unknown }

function joined(
  writer: WorkerHandle<HistoryWriterMethods, HistoryWriterEvents>,
  reader: WorkerHandle<HistoryReaderMethods, Record<string, never>>,
): OpenHistory {
  return {
    writer: {
      commit: (commit) => writer.rpc.call('commit', commit),
      setSetting: (key, valueJson) => writer.rpc.call('setSetting', key, valueJson),
      onChange: (handler) => writer.rpc.on('change', handler),
    },
    reader: readerClient(reader),
    lastHlc: () => reader.rpc.call('lastHlc'),
    close: async () => {
      await Promise.allSettled([reader.rpc.call('close'), writer.rpc.call('close')])
      await Promise.all([reader.terminate(), writer.terminate()])
    },
    onCrash: (handler) => {
      const disposers = [writer.onCrash(handler), reader.onCrash(handler)]
      return () => {
        for (const dispose of disposers) dispose()
      }
    },
  }
}

function readerClient({ rpc }: WorkerHandle<HistoryReaderMethods, Record<string, never>>): HistoryReaderPort {
  return {
    conversations: () => rpc.call('conversations'),
    conversation: (id) => rpc.call('conversation', id),
    contacts: () => rpc.call('contacts'),
    page: (request) => rpc.call('page', request),
    message: (conversation, author, id) => rpc.call('message', conversation, author, id),
    unreadUpTo: (conversation, position, limit) => rpc.call('unreadUpTo', conversation, position, limit),
    search: (request) => rpc.call('search', request),
    dueJobs: (now, limit) => rpc.call('dueJobs', now, limit),
    jobsOf: (conversation, target) => rpc.call('jobsOf', conversation, target),
    nextJobAt: () => rpc.call('nextJobAt'),
    setting: (key) => rpc.call('setting', key),
    counts: () => rpc.call('counts'),
  }
}

/**
 * Opens the same history on the calling thread: for tests and small tools.
 * @throws SottoError an `OpenFailure` code.
 */
export function openHistoryInProcess(options: OpenHistoryOptions & { readonly clock: ClockPort }): OpenHistory {
  const writer = new HistoryWriter(options)
  const reader = new HistoryReader(options)
  return {
    writer,
    reader,
    lastHlc: () => reader.lastHlc(),
    close: () => {
      reader.close()
      writer.close()
      return Promise.resolve()
    },
    onCrash: () => () => undefined,
  }
}
