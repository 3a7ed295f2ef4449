/** Cuts the power of a program at every moment and starts it again: what it acknowledged has to be there. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseDiskLog, type DiskRecord } from '#test/fakes/disk-log.ts'
import { buildDiskShim, watchedEnvironment } from '#test/fakes/disk-shim.ts'
import { CutDisk, type DiskState, type Survival } from '#test/fakes/power-cut.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { Promised, startAgain } from './promised.ts'

export interface CutOptions {
  readonly rounds: number
  /** Cuts before and after every sync only, not at every call. */
  readonly boundariesOnly: boolean
  /** Torn states per cut, beside nothing and everything of what was not synced. */
  readonly samples: number
  readonly seed: string
  /** Another setting of the database than the program's own. */
  readonly synchronous?: 'OFF'
  /** Another program than that of the history. */
  readonly program?: CutProgram
}

/** A program that is told the folder of its disk, a file for its marks, how many rounds, and how databases are synced. */
export interface CutProgram {
  readonly child: string
  readonly promised: () => CutPromises
}

/** What the marks of a program promise. */
export interface CutPromises {
  readonly acknowledged: number
  note(mark: string): void
  /** Opens what is on the disk as the next start would; returns what is wrong. */
  lookAgain(root: string): Promise<readonly string[]>
}

export interface CutReport {
  readonly calls: number
  readonly cuts: number
  readonly states: number
  readonly acknowledged: number
  /** What was wrong after which cut; not more than a handful. */
  readonly problems: readonly string[]
  /** Whether the log, applied as a whole, is what really was on the disk in the end. */
  readonly logIsComplete: boolean
}

const history: CutProgram = {
  child: fileURLToPath(new URL('./power-cut-child.ts', import.meta.url)),
  promised: () => {
    const promised = new Promised()
    return {
      get acknowledged() {
        return promised.acknowledged
      },
      note: (mark) => promised.note(mark),
      lookAgain: (root) => startAgain(root, promised),
    }
  },
}
const maxProblems = 5
/** Memory, where there is some: thousands of disks are laid out. */
export const quickFolder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** Records one run of the program and judges the disks it may leave behind. */
export async function cutEverywhere(options: CutOptions): Promise<CutReport> {
  const folder = mkdtempSync(path.join(quickFolder, 'sotto-cut-'))
  try {
    const recorded = record(folder, options)
    const judge = new Judge(path.join(folder, 'found'), options)
    return { ...(await judge.judgeAll(recorded.records)), logIsComplete: recorded.isComplete }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function record(
  folder: string,
  { rounds, synchronous, program = history }: CutOptions,
): { records: readonly DiskRecord[]; isComplete: boolean } {
  const [root, log, marks] = ['disk', 'log', 'marks'].map((name) => path.join(folder, name)) as [string, string, string]
  mkdirSync(root)
  const env = { ...process.env, ...watchedEnvironment(buildDiskShim(folder), { root, log, marks }) }
  const args = [
    '--no-warnings',
    program.child,
    root,
    marks,
    String(rounds),
    ...(synchronous === undefined ? [] : [synchronous]),
  ]
  execFileSync(process.execPath, args, { env, stdio: 'inherit' })
  const records = parseDiskLog(readFileSync(log))
  const disk = new CutDisk()
  for (const each of records) disk.apply(each)
  return { records, isComplete: holds(root, disk.cut('everything')) }
}

/** Whether a folder holds exactly these files. */
function holds(root: string, state: DiskState): boolean {
  const names = readdirSync(root, { recursive: true, withFileTypes: true }).map((entry) =>
    path.relative(root, path.join(entry.parentPath, entry.name)),
  )
  const same = [...state].every(([name, content]) => content?.equals(readFileSync(path.join(root, name))) ?? true)
  return same && names.length === state.size && names.every((name) => state.has(name))
}

class Judge {
  readonly #root: string
  readonly #options: CutOptions
  readonly #random: SeededRandom
  readonly #problems: string[] = []
  #states = 0

  constructor(root: string, options: CutOptions) {
    this.#root = root
    this.#options = options
    this.#random = new SeededRandom(options.seed)
  }

  async judgeAll(records: readonly DiskRecord[]): Promise<Omit<CutReport, 'logIsComplete'>> {
    const [disk, promised] = [new CutDisk(), (this.#options.program ?? history).promised()]
    let [cuts, durable] = [0, -1]
    for (const [index, record] of records.entries()) {
      if (record.op === 'mark') promised.note(record.text)
      else disk.apply(record)
      const next = records[index + 1]
      const isBoundary = [record, next].some((each) => each?.op === 'sync' || each?.op === 'sync-folder')
      if (this.#options.boundariesOnly && !isBoundary && record.op !== 'mark') continue
      cuts += 1
      // Without anything of what was not synced, nothing is new until the next sync or the next promise.
      const isNew = durable !== disk.durableVersion || record.op === 'mark'
      durable = disk.durableVersion
      for (const survival of this.#survivals(isNew)) await this.#judge(`call ${index}`, disk.cut(survival), promised)
      if (this.#problems.length >= maxProblems) break
    }
    const { acknowledged } = promised
    return { calls: records.length, cuts, states: this.#states, acknowledged, problems: this.#problems }
  }

  #survivals(isNew: boolean): readonly Survival[] {
    const random = this.#random
    const torn = Array.from({ length: this.#options.samples }, (_, at) => ({
      random,
      sectorBytes: at % 2 === 0 ? 512 : 4096,
    }))
    return [...(isNew ? (['nothing'] as const) : []), 'everything', ...torn]
  }

  async #judge(where: string, state: DiskState, promised: CutPromises): Promise<void> {
    this.#states += 1
    rmSync(this.#root, { recursive: true, force: true })
    mkdirSync(this.#root)
    for (const [name, content] of state) {
      const file = path.join(this.#root, name)
      mkdirSync(content === null ? file : path.dirname(file), { recursive: true })
      if (content === null) continue
      // The index of the log was mapped: after a power cut it may hold anything.
      writeFileSync(file, name.endsWith('-shm') ? this.#random.bytes(32_768) : content)
    }
    try {
      for (const problem of await promised.lookAgain(this.#root)) this.#problems.push(`${where}: ${problem}`)
    } catch (error) {
      this.#problems.push(`${where}: ${String(error)}`)
    }
  }
}
