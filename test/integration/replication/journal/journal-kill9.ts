/** Kills a process that keeps a journal at random moments, again and again on one database. */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { TestHistory } from '#test/integration/history/history-fixture.ts'
import { problemsOf } from './journal-life.ts'

/** Nobody who is killed leaves a cache behind: the first life writes it for those after it. */
const compiled = path.join(tmpdir(), `sotto-journal-compiled-${process.pid}`)
const env = { ...process.env, NODE_COMPILE_CACHE: compiled }
const child = fileURLToPath(new URL('./journal-kill9-child.ts', import.meta.url))
/** A life ends after so many lines at most, and so much later, ms. */
const longestLife = { lines: 30, afterMs: 8 }
/** Kills of one database: what it holds is looked at as a whole. */
const killsPerDatabase = 50

export interface JournalKills {
  readonly acknowledged: number
  readonly problems: readonly string[]
}

export async function killJournals(rounds: number): Promise<JournalKills> {
  let [acknowledged, problems]: [number, readonly string[]] = [0, []]
  for (let done = 0; done < rounds; done += killsPerDatabase) {
    const found = await killOne(Math.min(killsPerDatabase, rounds - done))
    acknowledged += found.acknowledged
    problems = [...problems, ...found.problems]
  }
  rmSync(compiled, { recursive: true, force: true })
  return { acknowledged, problems }
}

async function killOne(rounds: number): Promise<JournalKills> {
  const test = new TestHistory()
  try {
    const keyFile = path.join(test.directory, 'key')
    writeFileSync(keyFile, test.key)
    const lines: string[] = []
    for (let round = 0; round < rounds; round += 1)
      lines.push(...(await oneLife([child, test.path, keyFile, String(round)])))
    return { acknowledged: lines.length, problems: problemsOf({ path: test.path, key: test.key }, lines) }
  } finally {
    await test.remove()
  }
}

/** Resolves with the lines that were said whole. */
function oneLife(args: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const run = spawn(process.execPath, ['--no-warnings', ...args], { stdio: ['ignore', 'pipe', 'inherit'], env })
    const lastLine = randomInt(1, longestLife.lines)
    let [output, isDue] = ['', false]
    run.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (isDue || output.split('\n').length <= lastLine) return
      isDue = true
      setTimeout(() => run.kill('SIGKILL'), randomInt(0, longestLife.afterMs))
    })
    run.on('error', reject)
    run.on('close', (_, signal) => {
      if (signal === 'SIGKILL') resolve(output.split('\n').slice(0, -1))
      else reject(new Error('the child ended by itself'))
    })
  })
}
