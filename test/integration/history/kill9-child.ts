/**
 * The process that is killed: writer and outbox in one bare Node process. It sends each queued message once more than
 * needed at worst, and prints a line only after the commit behind it was acknowledged.
 */
import { readFileSync, writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { systemClock } from '#main/platform/system-clock.ts'
import { openHistoryInProcess } from '#main/history/open-history.ts'
import type { WaitingJob } from '#main/history/port.ts'
import { EntryMaker, messageIdOf } from './history-fixture.ts'

const [path, keyFile, round] = process.argv.slice(2)
if (path === undefined || keyFile === undefined || round === undefined)
  throw new Error('path, key file and round wanted')

const history = openHistoryInProcess({ path, key: new Uint8Array(readFileSync(keyFile)), clock: systemClock })
const make = new EntryMaker()
/** Said when it returns: what `process.stdout` still holds of a slow reader's lines dies with the process. */
const say = (line: string): void => void writeSync(1, `${line}\n`)
let made = 0

async function queueMessages(): Promise<void> {
  for (;;) {
    const batch = Array.from({ length: 1 + (made % 3) }, () => {
      made += 1
      const message = make.outgoing(`round ${round} message ${made}`, { id: `r${round}-${made}` })
      return history.writer
        .commit({ entries: [message], addJobs: [make.job(message)] })
        .then(() => say(`queued ${messageIdOf(message)}`))
    })
    await Promise.all(batch)
  }
}

async function receiveMessages(): Promise<void> {
  for (let n = 0; ; n++) {
    const id = `in-r${round}-${n}`
    await history.writer.commit({ entries: [make.incoming(`incoming ${id}`, { id })] })
    say(`received ${id}`)
  }
}

async function deliver(job: WaitingJob): Promise<void> {
  // What the network saw: printed before the outcome is recorded, as a real send would be.
  say(`sent ${job.target}`)
  await history.writer.commit({ entries: [make.delivery(job.target, 'sent')], removeJobs: [job.id] })
  say(`done ${job.target}`)
}

async function runOutbox(): Promise<void> {
  for (;;) {
    for (const job of await history.reader.dueJobs(Number.MAX_SAFE_INTEGER, 5)) await deliver(job)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

// Nobody who is killed leaves a cache behind: the first life writes it for those after it.
if (round === '0') flushCompileCache()
say('ready')
await Promise.all([queueMessages(), receiveMessages(), runOutbox()])
