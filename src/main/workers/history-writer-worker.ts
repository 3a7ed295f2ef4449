/** Worker that owns the writing connection of the history. */
import { HistoryWriter } from '#main/history/history-writer.ts'
import { callReplica } from '#main/history/replica-over.ts'
import type { HistoryWorkerStart, HistoryWriterEvents, HistoryWriterMethods } from '#main/history/open-history.ts'
import { collectAtRest } from '#main/platform/heap/rest.ts'
import { v8Heap } from '#main/platform/heap/v8-heap.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { runWorker } from '#main/platform/worker-rpc/start-worker.ts'
import { reportBug } from './report-bug.ts'

await runWorker<HistoryWriterMethods, HistoryWriterEvents>((start, emit, upgrading) => {
  const { path, key, attachments } = start as HistoryWorkerStart
  const writer = new HistoryWriter({ path, key, attachments, clock: systemClock, upgrading })
  writer.onChange((change) => {
    emit('change', change)
  })
  return {
    commit: (commit) => writer.commit(commit),
    makeSearchable: () => writer.makeSearchable(),
    setSetting: (name, valueJson) => writer.setSetting(name, valueJson),
    setSecret: (name, value) => writer.setSecret(name, value),
    zrtpZid: (account) => writer.zrtpZid(account),
    keepZrtpSecrets: (secrets) => writer.keepZrtpSecrets(secrets),
    setZrtpVerified: (found) => writer.setZrtpVerified(found),
    rememberCallKeys: (memory) => writer.rememberCallKeys(memory),
    replica: callReplica(writer.replica),
    close: () => {
      writer.close()
    },
  }
}, reportBug('history-writer'))
collectAtRest(v8Heap(), systemClock)
