/** Worker that owns the reading connection of the history. */
import { wipe } from '#shared/bytes/bytes.ts'
import { HistoryReader } from '#main/history/history-reader.ts'
import type { HistoryReaderMethods, HistoryWorkerStart } from '#main/history/open-history.ts'
import { runWorker } from '#main/platform/worker-rpc/start-worker.ts'
import { reportBug } from './report-bug.ts'

await runWorker<HistoryReaderMethods>((start) => {
  const { path, key } = start as HistoryWorkerStart
  const reader = openWith(path, key)
  return {
    conversations: () => reader.conversations(),
    conversation: (id) => reader.conversation(id),
    contacts: () => reader.contacts(),
    page: (request) => reader.page(request),
    message: (conversation, author, id) => reader.message(conversation, author, id),
    unreadUpTo: (conversation, position, limit) => reader.unreadUpTo(conversation, position, limit),
    search: (request) => reader.search(request),
    dueJobs: (now, limit) => reader.dueJobs(now, limit),
    jobsOf: (conversation, target) => reader.jobsOf(conversation, target),
    nextJobAt: () => reader.nextJobAt(),
    setting: (key) => reader.setting(key),
    counts: () => reader.counts(),
    lastHlc: () => reader.lastHlc(),
    close: () => {
      reader.close()
    },
  }
}, reportBug('history-reader'))

function openWith(path: string, key: Uint8Array): HistoryReader {
  try {
    return new HistoryReader({ path, key })
  } finally {
    wipe(key)
  }
}
