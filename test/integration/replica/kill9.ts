/**
 * Kills a process that stores sealed histories, at random moments, again and again on one directory: nothing it acknowledged may be lost,
 * doubled or there again. `node test/integration/replica/kill9.ts --rounds 1000` runs it alone.
 */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bundleProgram } from '#test/fakes/bundled-program.ts'
import { PromisedBatches } from './promised-batches.ts'

export interface KillReport {
  readonly rounds: number
  readonly acknowledged: number
  readonly problems: readonly string[]
}

const childSource = fileURLToPath(new URL('./kill9-child.ts', import.meta.url))
/** A life ends after so many lines at most, and so much later, ms: by lines, so that a busy machine kills as many writers. */
const longestLife = { lines: 60, afterMs: 6 }
/** Kills of one directory. */
const killsPerDirectory = 25

/** Runs one life of the child; resolves with what it said. */
function oneLife(child: string, folder: string, name: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const run = spawn(process.execPath, ['--no-warnings', child, path.join(folder, 'replica'), name], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: path.join(path.dirname(child), 'compiled') },
    })
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
      if (signal !== 'SIGKILL') reject(new Error(`${name} ended by itself`))
      // A line cut by the kill was not acknowledged.
      else resolve(output.split('\n').slice(0, -1))
    })
  })
}

/** Kills `rounds` lives, a few directories at once, and looks after each kill; `tell` hears of every directory that is done. */
export async function killReplicas(
  rounds: number,
  {
    atOnce = 1,
    tell = () => undefined,
  }: { readonly atOnce?: number; readonly tell?: (report: KillReport) => void } = {},
): Promise<KillReport> {
  using child = await bundleProgram(childSource)
  let total: KillReport = { rounds: 0, acknowledged: 0, problems: [] }
  let begun = 0
  const worker = async (): Promise<void> => {
    while (begun < rounds && total.problems.length === 0) {
      const many = Math.min(killsPerDirectory, rounds - begun)
      begun += many
      const done = await killOneDirectory(child.file, many)
      total = {
        rounds: total.rounds + done.rounds,
        acknowledged: total.acknowledged + done.acknowledged,
        problems: [...total.problems, ...done.problems],
      }
      tell(total)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return total
}

async function killOneDirectory(child: string, rounds: number): Promise<KillReport> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sotto-replica-kills-'))
  const [directory, copy] = [path.join(folder, 'replica'), path.join(folder, 'copy')]
  const promised = new PromisedBatches()
  try {
    for (let round = 0; round < rounds; round++) {
      for (const line of await oneLife(child, folder, `life-${round}`)) promised.note(line)
      // The next life finds what this one left, not what looking made of it.
      cpSync(directory, copy, { recursive: true, filter: (file) => !file.endsWith('-shm') })
      const problems = (await promised.lookAgain(copy)).map((problem) => `round ${round}: ${problem}`)
      rmSync(copy, { recursive: true })
      if (problems.length > 0) return { rounds: round + 1, acknowledged: promised.acknowledged, problems }
    }
    return { rounds, acknowledged: promised.acknowledged, problems: [] }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '1000' }, 'at-once': { type: 'string', default: '2' } },
  })
  const report = await killReplicas(Number(values.rounds), {
    atOnce: Number(values['at-once']),
    tell: (soFar) => console.log(JSON.stringify(soFar)),
  })
  process.exitCode = report.problems.length === 0 ? 0 : 1
}
