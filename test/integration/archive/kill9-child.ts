/**
 * The program that is killed while it exports or imports: history, upkeep and archive in one bare Node process, the archive's
 * work in its worker. Says `start` with what lies beside the target, each phase as it begins, and `done`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Archive } from '#main/archive/archive.ts'
import type { ArchiveWorkerStart } from '#main/archive/worker/contract.ts'
import { openHistoryInProcess } from '#main/history/open-history.ts'
import { AttachmentStore } from '#main/history/attachments/attachment-store.ts'
import { startWorker, workerUrl } from '#main/platform/worker-rpc/start-worker.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { HistoryUpkeep } from '#main/upkeep/upkeep.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import { EntryFactory } from '#shared/model/entry-factory.ts'
import { silentLog } from '#test/fakes/silent-log.ts'

/** What the process is to do, as JSON. */
export interface KillJob {
  readonly what: 'export' | 'pages' | 'import'
  /** Folder of the profile: `history.db`, `key`, `attachments`. */
  readonly profile: string
  /** The file or folder that is written or read. */
  readonly file: string
  readonly identity: string
  readonly recipient: string
}

const job = JSON.parse(process.argv[2] ?? '') as KillJob
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const attachments = path.join(job.profile, 'attachments')
const key = new Uint8Array(readFileSync(path.join(job.profile, 'key')))
const history = openHistoryInProcess({
  ...{ path: path.join(job.profile, 'history.db'), key, attachments },
  clock: systemClock,
})
const ports = { ...history, clock: systemClock, random: systemRandom, log: silentLog }
const upkeep = new HistoryUpkeep({
  ...ports,
  attachments: new AttachmentStore(attachments, systemRandom),
  entries: new EntryFactory(ports),
  deviceOf: () => null,
  withdrawNotification: () => undefined,
  keepDays: () => 0,
})
let phase = ''
const archive = new Archive({
  ...ports,
  ...{ program: '0.1.0', language: () => 'en' },
  identity: { signExport: () => Promise.resolve(null), judgeExport: () => Promise.resolve('invalid') },
  startWorker: () =>
    startWorker({
      url: workerUrl('archive-worker', import.meta.resolve('#main/archive/archive.ts')),
      start: { attachments } satisfies ArchiveWorkerStart,
      closedCode: 'cancelled',
    }),
  dialog: { save: () => Promise.resolve(job.file), open: () => Promise.resolve(job.file), reveal: () => undefined },
  changed: (activity) => {
    if (activity !== null && activity.phase !== phase) say(`phase ${(phase = activity.phase)}`)
  },
})

async function run(): Promise<unknown> {
  const scope = { kind: 'all' } as const
  if (job.what === 'pages') return archive.exportReadable({ scope, format: 'html' })
  if (job.what === 'export') {
    const protection = { kind: 'recipients', recipients: [job.recipient] } as const
    return archive.exportSealed({ scope, protection })
  }
  await archive.choose()
  await archive.verify({ secret: utf8(job.identity) })
  return archive.apply()
}

await upkeep.start()
await archive.start()
say(`start ${JSON.stringify(readdirSync(path.dirname(job.file)))}`)
await run()
await upkeep.stop()
await history.close()
say('done')
