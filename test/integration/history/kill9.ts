/**
 * Kills a process that writes history and works off an outbox, at random moments, again and again on one database: nothing
 * acknowledged may be lost or doubled. `node test/integration/history/kill9.ts --rounds 1000` runs it alone.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
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
/** A life ends after so many lines at most, and so much later, ms: by lines, so that a busy machine kills as many writers. */
const longestLife = { lines: 40, afterMs: 8 }
/** Kills of one database: on one of thousands, the outbox would spend its lives reading. */
const killsPerDatabase = 250

interface Life {
  readonly test: TestHistory
  readonly keyFile: string
  readonly compiled: string
}

/** Runs one life of the child; resolves with the lines it acknowledged. */
function oneLife({ test, keyFile, compiled }: Life, round: number): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const run = spawn(process.execPath, ['--no-warnings', child, test.path, keyFile, String(round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: compiled },
    })
    const output = killedOutput(run)
    run.on('error', reject)
    run.on('close', (_, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`child ended by itself in round ${round}`))
      // A line cut by the kill was not acknowledged.
      else resolve(output().split('\n').slice(0, -1))
    })
  })
}

/** Kills the process at a random moment of its life; returns what it has said. */
function killedOutput(run: ChildProcessByStdio<null, Readable, null>): () => string {
  const lastLine = randomInt(1, longestLife.lines)
  let [output, lines, isDue] = ['', 0, false]
  run.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    lines += text.split('\n').length - 1
    if (lines < lastLine || isDue) return
    isDue = true
    setTimeout(() => run.kill('SIGKILL'), randomInt(0, longestLife.afterMs))
  })
  return () => output
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

/** Kills `rounds` lives of the child and reports; `tell` hears of each database that is done. */
export async function runCrashTest(
  rounds: number,
  tell: (report: CrashReport) => void = () => undefined,
): Promise<CrashReport> {
  const compiled = mkdtempSync(path.join(tmpdir(), 'sotto-compiled-'))
  try {
    let total: CrashReport | null = null
    for (let done = 0; done < rounds; done += killsPerDatabase) {
      const report = await crashOneDatabase(Math.min(killsPerDatabase, rounds - done), compiled)
      total = total === null ? report : sumOf(total, report)
      tell(total)
    }
    return total ?? judge(0, [], { entries: new Map(), views: new Map(), jobs: new Set(), intact: true })
  } finally {
    rmSync(compiled, { recursive: true, force: true })
  }
}

async function crashOneDatabase(rounds: number, compiled: string): Promise<CrashReport> {
  const test = new TestHistory()
  try {
    const keyFile = path.join(test.directory, 'key')
    writeFileSync(keyFile, test.key)
    const lines: string[] = []
    for (let round = 0; round < rounds; round++) lines.push(...(await oneLife({ test, keyFile, compiled }, round)))
    return judge(rounds, lines, readBack(test))
  } finally {
    await test.remove()
  }
}

function sumOf(a: CrashReport, b: CrashReport): CrashReport {
  return {
    rounds: a.rounds + b.rounds,
    acknowledged: a.acknowledged + b.acknowledged,
    lost: [...a.lost, ...b.lost],
    doubled: [...a.doubled, ...b.doubled],
    resurrected: [...a.resurrected, ...b.resurrected],
    forgotten: [...a.forgotten, ...b.forgotten],
    intact: a.intact && b.intact,
  }
}

if (import.meta.main) {
  const at = process.argv.indexOf('--rounds')
  const say = (report: CrashReport): void => console.log(JSON.stringify(report))
  const { intact, lost, doubled, resurrected, forgotten } = await runCrashTest(
    at > 0 ? Number(process.argv[at + 1]) : 1000,
    say,
  )
  process.exitCode = intact && lost.length + doubled.length + resurrected.length + forgotten.length === 0 ? 0 : 1
}
