/** Worlds by the hundred thousand: programs of their own, as many at once as there are processors, without a test runner's wrapping. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { bundleProgram } from '#test/fakes/bundled-program.ts'
import { kinds } from './worlds.ts'

const childSource = fileURLToPath(new URL('./worlds-child.ts', import.meta.url))
/** Seeds of one program. */
const part = 5000

export interface ManyWorlds {
  readonly first: number
  /** Of each kind. */
  readonly seeds: number
  readonly atOnce: number
  /** Hears of every part that is done: worlds so far. */
  readonly tell?: (worlds: number) => void
}

/** Runs `seeds` worlds of each kind and resolves with how many there were; a failure names kind and seed. */
export async function runManyWorlds({ first, seeds, atOnce, tell }: ManyWorlds): Promise<number> {
  using child = await bundleProgram(childSource)
  const parts = Array.from({ length: Math.ceil(seeds / part) }, (_, index) => first + index * part)
  const jobs = parts.flatMap((from) => kinds.map((_, kind) => ({ kind, from })))
  let worlds = 0
  const work = async (): Promise<void> => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const many = Math.min(part, first + seeds - job.from)
      const ran = await runPart(child.file, job.kind, { from: job.from, many })
      worlds += ran
      tell?.(worlds)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return worlds
}

/** Resolves with how many worlds the program says it has run. */
async function runPart(
  child: string,
  kind: number,
  { from, many }: { readonly from: number; readonly many: number },
): Promise<number> {
  // Short-lived objects of a world fill the young generation's usual size again and again.
  const args = ['--no-warnings', '--max-semi-space-size=32', child, String(kind), String(from), String(many)]
  const run = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [done, complaint] = ['', '']
  run.stdout.setEncoding('utf8').on('data', (text: string) => (done += text))
  run.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const [code] = (await once(run, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${kinds[kind]?.what ?? ''}: ${complaint}`)
  return Number(done.trimEnd().split('\n').at(-1))
}
