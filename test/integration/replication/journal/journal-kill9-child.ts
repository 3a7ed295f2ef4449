/** The process that is killed: it says a line only after what it says is durable. */
import { readFileSync, writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { openHistoryInProcess } from '#main/history/open-history.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { JournalLife } from './journal-life.ts'

const [path, keyFile, round] = process.argv.slice(2)
if (path === undefined || keyFile === undefined || round === undefined) throw new Error('path, key file, round wanted')
const key = new Uint8Array(readFileSync(keyFile))
if (round === '0') flushCompileCache()
const life = new JournalLife({
  open: () => openHistoryInProcess({ path, key, clock: systemClock }),
  round,
  say: (mark, what) => void writeSync(1, `${mark} ${what}\n`),
})
for (const step of life.steps()) await step()
