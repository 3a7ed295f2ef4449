/** Worker of one export or one import. */
import type { ArchiveMethods, ArchiveWorkerEvents, ArchiveWorkerStart } from '#main/archive/worker/contract.ts'
import { archiveMethods } from '#main/archive/worker/serve.ts'
import { htmlText } from '#main/chat/html-text.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { giveWay } from '#main/platform/thread-priority.ts'
import { runWorker } from '#main/platform/worker-rpc/start-worker.ts'
import { reportBug } from './report-bug.ts'

// Whoever types or speaks meanwhile comes first.
giveWay()
await runWorker<ArchiveMethods, ArchiveWorkerEvents>((start, emit) => {
  const { attachments } = start as ArchiveWorkerStart
  return archiveMethods({
    ...{ attachments, clock: systemClock, random: systemRandom },
    textOfHtml: htmlText,
    progress: (progress) => emit('progress', progress),
  })
}, reportBug('archive'))
