/** Wires exports and imports. */
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import { Archive } from './archive/archive.ts'
import type { FileDialogPort } from './archive/archive-port.ts'
import type { ArchiveWorkerStart } from './archive/worker/contract.ts'
import type { BridgePublisher } from './bridge/publisher.ts'
import type { OpenHistory } from './history/open-history.ts'
import type { Identity } from './identity/identity.ts'
import type { ProfilePaths } from './platform/profile-paths.ts'
import { startWorker, workerUrl } from './platform/worker-rpc/start-worker.ts'

interface ArchiveParts {
  readonly paths: ProfilePaths
  readonly publisher: BridgePublisher
  readonly clock: ClockPort
  readonly log: LogPort
  readonly fileDialogs: FileDialogPort
  /** Version of this program. */
  readonly version: string
  readonly language: () => 'en' | 'de'
}

/** Ends with the session: its end is put into `opened`. */
export function startArchive(
  ports: ArchiveParts,
  { history: { reader, writer }, identity }: { readonly history: OpenHistory; readonly identity: Identity },
  opened: (() => Promise<void> | void)[],
): Archive {
  const { clock, log, publisher, fileDialogs: dialog, version: program, language, paths } = ports
  const start: ArchiveWorkerStart = { attachments: paths.attachments }
  const archive = new Archive({
    ...{ reader, writer, identity, clock, log, dialog, program, language },
    startWorker: () =>
      startWorker({ url: workerUrl('archive-worker', import.meta.url), start, closedCode: 'cancelled' }),
    changed: (activity) => publisher.publish('archive.changed', activity),
  })
  void archive.start()
  opened.push(() => archive.stop())
  return archive
}
