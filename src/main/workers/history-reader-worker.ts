/** Worker that owns the reading connection of the history. */
import { SottoError } from '#shared/errors.ts'
import { HistoryReader } from '#main/history/history-reader.ts'
import type { HistoryReaderMethods, HistoryWorkerStart } from '#main/history/open-history.ts'
import { callOn, readerOver } from '#main/history/reader-over.ts'
import { collectAtRest } from '#main/platform/heap/rest.ts'
import { v8Heap } from '#main/platform/heap/v8-heap.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { runWorker } from '#main/platform/worker-rpc/start-worker.ts'
import { reportBug } from './report-bug.ts'

await runWorker<HistoryReaderMethods>((start) => {
  const { path, key } = start as HistoryWorkerStart
  let opened: HistoryReader | null = null
  const reader = (): HistoryReader => {
    if (opened === null) throw new SottoError('locked')
    return opened
  }
  return {
    // Not at start: this thread gets ready while the writer makes the file.
    open: () => {
      opened = new HistoryReader({ path, key })
    },
    ...readerOver(callOn(reader)),
    lastHlc: () => reader().lastHlc(),
    close: () => opened?.close(),
  }
}, reportBug('history-reader'))
collectAtRest(v8Heap(), systemClock)
