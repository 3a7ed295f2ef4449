/**
 * Kills a process that writes history and works off an outbox, at random moments, again and again on one database: nothing
 * acknowledged may be lost or doubled. `node test/integration/history/kill9.ts --rounds 1000` runs it alone.
 */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { isIntact, openDatabase } from '#main/history/database.ts'
import { TestHistory } from './history-fixture.ts'

export interface CrashReport {
  readonly rounds: number
  readonly acknowledged: number
  readonly lost: readonly string[]
  readonly doubled: readonly string[]
  /** Acknowledged as done, but still in the outbox. */
  readonly resurrected: readonly string[]
  /** Queued, neither done nor in the outbox any more. */
  readonly forgotten: readonly string[]
  readonly intact: boolean
}

const child = fileURLToPath(new URL('./kill9-child.ts', import.meta.url))
const longestLifeMs = 250

/** Runs one life of the child; resolves with the lines it acknowledged. */
function oneLife(test: TestHistory, keyFile: string, round: number): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const run = spawn(process.execPath, ['--no-warnings', child, test.path, keyFile, String(round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    run.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output === '' && text !== '') setTimeout(() => run.kill('SIGKILL'), randomInt(0, longestLifeMs))
      output += text
    })
    run.on('error', reject)
    run.on('close', (_, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`child ended by itself in round ${round}`))
      // A line cut by the kill was not acknowledged.
      else
        resolve(
          output
            .slice(0, output.lastIndexOf('\n') + 1)
            .split('\n')
            .filter(Boolean),
        )
    })
  })
}

interface Stored {
  readonly entries: ReadonlyMap<string, number>
  readonly views: ReadonlyMap<string, number>
  readonly jobs: ReadonlySet<string>
  readonly intact: boolean
}

function readBack(test: TestHistory): Stored {
  const db = openDatabase({ path: test.path, key: test.key, role: 'writer' })
  try {
    const count = (sql: string) => new Map(db.prepare<[], [string, number]>(sql).raw().all())
    return {
      entries: count('SELECT subject, count(*) FROM entry WHERE kind = 1 GROUP BY subject'),
      views: count('SELECT message_id, count(*) FROM message GROUP BY message_id'),
      jobs: new Set(db.prepare<[], string>('SELECT target FROM job').pluck().all()),
      intact: isIntact(db),
    }
  } finally {
    db.close()
  }
}

/** Judges what is on disk by what was acknowledged. */
function judge(rounds: number, lines: readonly string[], stored: Stored): CrashReport {
  const said = (verb: string) =>
    new Set(lines.filter((l) => l.startsWith(`${verb} `)).map((l) => l.slice(verb.length + 1)))
  const [queued, received, sent, done] = [said('queued'), said('received'), said('sent'), said('done')]
  const acknowledged = [...queued, ...received]
  return {
    rounds,
    acknowledged: acknowledged.length,
    lost: acknowledged.filter((id) => stored.entries.get(id) === undefined || stored.views.get(id) === undefined),
    doubled: [...stored.views, ...stored.entries].filter(([, count]) => count !== 1).map(([id]) => id),
    resurrected: [...done].filter((id) => stored.jobs.has(id)),
    forgotten: [...queued].filter((id) => !sent.has(id) && !stored.jobs.has(id)),
    intact: stored.intact,
  }
}

/** Kills `rounds` lives of the child on one database and reports. */
export async function runCrashTest(rounds: number): Promise<CrashReport> {
  const test = new TestHistory()
  try {
    const keyFile = path.join(test.directory, 'key')
    writeFileSync(keyFile, test.key)
    const lines: string[] = []
    for (let round = 0; round < rounds; round++) lines.push(...(await oneLife(test, keyFile, round)))
    return judge(rounds, lines, readBack(test))
  } finally {
    await test.remove()
  }
}

if (import.meta.main) {
  const at = process.argv.indexOf('--rounds')
  const report = await runCrashTest(at > 0 ? Number(process.argv[at + 1]) : 1000)
  const { lost, doubled, resurrected, forgotten } = report
  console.log(JSON.stringify(report, null, 1))
  process.exitCode = report.intact && lost.length + doubled.length + resurrected.length + forgotten.length === 0 ? 0 : 1
}
