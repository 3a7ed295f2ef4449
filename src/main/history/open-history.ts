/** Opens the history of a profile: in two workers, as the program does, or on the calling thread, as tests may. */
import { sharedSecretOf } from '#shared/bytes/secret.ts'
import type { Hlc } from '#shared/model/entry.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { startWorker, workerUrl, type WorkerHandle } from '#main/platform/worker-rpc/start-worker.ts'
import { callOn, readerOver } from './reader-over.ts'
import { HistoryReader } from './history-reader.ts'
import { HistoryWriter } from './history-writer.ts'
import { replicaOver } from './replica-over.ts'
import type { ReplicaKeeperPort } from './replica-port.ts'
import { FoundAtOnce } from './found-at-once.ts'
import { KnownConversations } from './known-conversations.ts'
import type { HistoryChange, HistoryReaderPort, HistoryWriterPort } from './port.ts'

/** What the writer worker answers. */
export type HistoryWriterMethods = Omit<HistoryWriterPort, 'onChange' | 'replica'> & {
  /** Calls a method of the journals of replication. */
  readonly replica: (method: keyof ReplicaKeeperPort, args: readonly unknown[]) => Promise<unknown>
  readonly close: () => void
}
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
  /** Shared with whoever started the worker, who wipes it. */
  readonly key: Uint8Array
  readonly attachments: string | undefined
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
  /** Folder of the attachments; without it none can be erased. */
  readonly attachments?: string | undefined
  /** Hears how far bringing an older history up to date is: 0 to 1. */
  readonly upgrading?: ((share: number) => void) | undefined
}

/**
 * Opens the history in its two workers.
 * @throws SottoError an `OpenFailure` code.
 */
export async function openHistoryInWorkers(options: OpenHistoryOptions): Promise<OpenHistory> {
  const { path, attachments, upgrading } = options
  const start: HistoryWorkerStart = { path, attachments, key: sharedSecretOf(options.key) }
  const spawn = <M, E>(name: string) =>
    startWorker<M & HistoryMethodsShape<M>, E>({
      ...{ url: workerUrl(name, import.meta.url), start, closedCode: 'locked', starting: upgrading },
    })
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
      if (started.status === 'fulfilled') await started.value.end()
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
    ...remembering({
      writer: {
        commit: (commit) => writer.rpc.call('commit', commit),
        makeSearchable: () => writer.rpc.call('makeSearchable'),
        setSetting: (key, valueJson) => writer.rpc.call('setSetting', key, valueJson),
        setSecret: (name, value) => handingOver(value, (shared) => writer.rpc.call('setSecret', name, shared)),
        zrtpZid: (account) => writer.rpc.call('zrtpZid', account),
        keepZrtpSecrets: (secrets) => writer.rpc.call('keepZrtpSecrets', secrets),
        setZrtpVerified: (found) => writer.rpc.call('setZrtpVerified', found),
        rememberCallKeys: (memory) => writer.rpc.call('rememberCallKeys', memory),
        onChange: (handler) => writer.rpc.on('change', handler),
        replica: replicaOver((method, args) => writer.rpc.call('replica', method, args)),
      },
      reader: readerOver((method, ...args) => reader.rpc.call(method, ...args)),
    }),
    lastHlc: () => reader.rpc.call('lastHlc'),
    close: () =>
      closeInTurn([
        { close: () => reader.rpc.call('close'), end: () => reader.end() },
        { close: () => writer.rpc.call('close'), end: () => writer.end() },
      ]),
    onCrash: (handler) => {
      const disposers = [writer.onCrash(handler), reader.onCrash(handler)]
      return () => {
        for (const dispose of disposers) dispose()
      }
    },
  }
}

/**
 * Closes connections to one database, the writer's last, and ends their threads; one that is gone already holds up none.
 * Two that let go at the same moment each find the other still there, and the log stays behind with what was erased.
 */
export async function closeInTurn(
  connections: readonly { close(): Promise<void>; end(): Promise<void> }[],
): Promise<void> {
  for (const connection of connections) {
    await connection.close().catch(() => undefined)
    await connection.end()
  }
}

/** A value cloned between threads leaves a copy on the way; shared memory is only ever in one place. */
async function handingOver(
  value: Uint8Array | null,
  hand: (shared: Uint8Array | null) => Promise<void>,
): Promise<void> {
  const shared = value === null ? null : sharedSecretOf(value)
  await hand(shared).finally(() => shared?.fill(0))
}

/** The ports with a memory of the conversations before the reader. */
function remembering({
  writer,
  reader,
}: Pick<OpenHistory, 'writer' | 'reader'>): Pick<OpenHistory, 'writer' | 'reader'> {
  const found = new FoundAtOnce({ writer, reader })
  const commit = found.commit.bind(found)
  const known = new KnownConversations({ writer: { commit, onChange: (handler) => writer.onChange(handler) }, reader })
  return {
    writer: {
      commit: (commit) => known.commit(commit),
      makeSearchable: () => writer.makeSearchable(),
      setSetting: (key, valueJson) => writer.setSetting(key, valueJson),
      setSecret: (name, value) => writer.setSecret(name, value),
      zrtpZid: (account) => writer.zrtpZid(account),
      keepZrtpSecrets: (secrets) => writer.keepZrtpSecrets(secrets),
      setZrtpVerified: (found) => writer.setZrtpVerified(found),
      rememberCallKeys: (memory) => writer.rememberCallKeys(memory),
      onChange: (handler) => writer.onChange(handler),
      replica: writer.replica,
    },
    reader: {
      ...reader,
      conversation: (id) => known.conversation(id),
      search: (request) => found.search(request),
    },
  }
}

/**
 * Opens the same history on the calling thread: for tests and small tools.
 * @throws SottoError an `OpenFailure` code.
 */
export function openHistoryInProcess(
  options: OpenHistoryOptions & { readonly clock: ClockPort; readonly random?: RandomPort },
): OpenHistory {
  const { upgrading, ...rest } = options
  const writer = new HistoryWriter({ ...rest, ...(upgrading === undefined ? {} : { upgrading }) })
  const reader = new HistoryReader(options)
  return {
    ...remembering({ writer, reader: readerOver(callOn(() => reader)) }),
    lastHlc: () => reader.lastHlc(),
    close: () => {
      reader.close()
      writer.close()
      return Promise.resolve()
    },
    onCrash: () => () => undefined,
  }
}
