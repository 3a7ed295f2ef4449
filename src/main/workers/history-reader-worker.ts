/** Worker that owns the reading connection of the history. */
import { SottoError } from '#shared/errors.ts'
import { HistoryReader } from '#main/history/history-reader.ts'
import type { HistoryReaderMethods, HistoryWorkerStart } from '#main/history/open-history.ts'
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
    conversations: () => reader().conversations(),
    conversation: (id) => reader().conversation(id),
    contacts: () => reader().contacts(),
    page: (request) => reader().page(request),
    message: (conversation, author, id) => reader().message(conversation, author, id),
    unreadUpTo: (conversation, position, limit) => reader().unreadUpTo(conversation, position, limit),
    search: (request) => reader().search(request),
    dueJobs: (now, limit) => reader().dueJobs(now, limit),
    jobsOf: (conversation, target) => reader().jobsOf(conversation, target),
    setting: (name) => reader().setting(name),
    secret: (name) => reader().secret(name),
    counts: () => reader().counts(),
    zrtpPeer: (pair) => reader().zrtpPeer(pair),
    zrtpVerifiedWith: (account, peer) => reader().zrtpVerifiedWith(account, peer),
    zrtpDevices: (account, peer) => reader().zrtpDevices(account, peer),
    callMemory: (account, peer) => reader().callMemory(account, peer),
    lastHlc: () => reader().lastHlc(),
    close: () => opened?.close(),
  }
}, reportBug('history-reader'))
collectAtRest(v8Heap(), systemClock)
