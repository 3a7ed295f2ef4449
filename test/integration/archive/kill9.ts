/**
 * Kills a program while it exports or imports, at random moments, and starts it again: an import ends as if nothing had
 * happened, an export never leaves a half under its name, and nothing is left over.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { openAgeFile } from '#main/archive/age/age-reader.ts'
import { memorySource } from '#main/archive/age/byte-source.ts'
import { verifyExport } from '#main/archive/read/verify-export.ts'
import { AttachmentStore } from '#main/history/attachments/attachment-store.ts'
import { isIntact, openDatabase } from '#main/history/database.ts'
import { openHistoryInProcess } from '#main/history/open-history.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import type { AttachmentId } from '#shared/model/ids.ts'
import { alice, aliceAccount, EntryMaker } from '../history/history-fixture.ts'
import { anyBytes, fileEntry } from './archive-fixture.ts'
import type { KillJob } from './kill9-child.ts'

export interface ArchiveKillReport {
  readonly kills: number
  /** Exports or imports that came to their end, after however many kills. */
  readonly finished: number
  /** In which phase the program was when it was killed. */
  readonly killedIn: Readonly<Record<string, number>>
  /** What was not as it should be; not more than a handful. */
  readonly problems: readonly string[]
}

/** How much there is to export and import. */
export interface KillSize {
  readonly entries: number
  readonly files: number
}

type What = KillJob['what']

const child = fileURLToPath(new URL('./kill9-child.ts', import.meta.url))
const maxProblems = 5
/** Two lives are never equally long: kills fall up to the end of most. */
const longestLife = 1.1
const key = anyBytes(32)

/** Makes a profile in `folder` whose messages, of the same ids in every profile, begin with `word`. */
async function makeProfile(folder: string, { entries, files }: KillSize, word: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'key'), key)
  const attachments = path.join(folder, 'attachments')
  const history = openHistoryInProcess({ path: path.join(folder, 'history.db'), key, clock: systemClock })
  const store = new AttachmentStore(attachments, systemRandom)
  const make = new EntryMaker()
  await history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }] })
  const named = []
  for (let n = 0; n < files; n++) {
    const name = `file ${n}.png`
    named.push((await fileEntry(store, make, name, anyBytes(Math.floor((n / files) * 400_000)))).entry)
  }
  const texts = Array.from({ length: entries }, (_, n) => make.incoming(`${word} ${n}`, { id: `m${n}` }))
  for (let at = 0; at < texts.length; at += 500)
    await history.writer.commit({ entries: [...texts.slice(at, at + 500), ...named.splice(0, 3)] })
  await history.writer.commit({ entries: named })
  await history.close()
}

/** What one life came to: the phase it had reached when it was killed, or null when it ended by itself. */
interface Life {
  readonly killedIn: string | null
  /** From its start to its end, ms. */
  readonly tookMs: number
  /** What lay beside the target when it had started. */
  readonly found: readonly string[]
}

/** One folder with everything of a run. */
class Ground {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'sotto-archive-kill-'))
  readonly #compiled = path.join(this.folder, 'compiled')
  readonly #identity: string
  readonly #recipient: string

  private constructor(identity: string, recipient: string) {
    this.#identity = identity
    this.#recipient = recipient
  }

  static async make(): Promise<Ground> {
    const identity = await generateX25519Identity()
    return new Ground(identity, await identityToRecipient(identity))
  }

  at(...names: readonly string[]): string {
    return path.join(this.folder, ...names)
  }

  /** Runs the program; with `killAfterMs` it is killed so long after its start, if it still runs. */
  live(what: What, files: { readonly profile: string; readonly file: string }, killAfterMs?: number): Promise<Life> {
    const job: KillJob = { what, ...files, identity: this.#identity, recipient: this.#recipient }
    const run = spawn(process.execPath, ['--no-warnings', child, JSON.stringify(job)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: this.#compiled },
    })
    let [phase, found, startedAt]: [string, readonly string[], number] = ['start', [], 0]
    const hear = (line: string): void => {
      if (line.startsWith('phase ')) phase = line.slice('phase '.length)
      if (!line.startsWith('start ')) return
      found = JSON.parse(line.slice('start '.length)) as string[]
      startedAt = performance.now()
      if (killAfterMs !== undefined) setTimeout(() => run.kill('SIGKILL'), killAfterMs)
    }
    let rest = ''
    run.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      lines.forEach(hear)
    })
    return new Promise((resolve, reject) => {
      run.on('error', reject)
      run.on('close', (code, signal) => {
        const life = { tookMs: performance.now() - startedAt, found }
        if (signal === 'SIGKILL') resolve({ ...life, killedIn: phase })
        else if (code === 0) resolve({ ...life, killedIn: null })
        else reject(new Error(`the program ended with ${code ?? signal ?? ''} while it was in ${phase}`))
      })
    })
  }

  /** Whether a file is a whole export. */
  async isWhole(file: string): Promise<boolean> {
    try {
      const opened = await openAgeFile(memorySource(readFileSync(file)), { kind: 'identity', text: this.#identity })
      await verifyExport(opened, { check: () => undefined, progress: () => undefined })
      return true
    } catch {
      return false
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Counts kills, and collects what is wrong. */
class Tally {
  readonly #killedIn: Record<string, number> = {}
  readonly #problems: string[] = []
  kills = 0
  finished = 0

  killed(phase: string): void {
    this.kills += 1
    this.#killedIn[phase] = (this.#killedIn[phase] ?? 0) + 1
  }

  wrong(problem: string): void {
    if (this.#problems.length < maxProblems) this.#problems.push(`after ${this.kills} kills: ${problem}`)
  }

  report(): ArchiveKillReport {
    const { kills, finished } = this
    return { kills, finished, killedIn: { ...this.#killedIn }, problems: [...this.#problems] }
  }
}

export interface KillOptions {
  readonly kills: number
  readonly size: KillSize
  /** Hears of each export or import that came to its end. */
  readonly tell?: (report: ArchiveKillReport) => void
}

/** What a profile holds: its tables row by row, and its files by their names. */
interface Held {
  readonly tables: Readonly<Record<string, string>>
  readonly files: readonly string[]
}

const comparedTables = ['entry', 'message', 'conversation', 'attachment', 'dropped_attachment', 'setting', 'job']

async function heldBy(profile: string, wrong: (problem: string) => void): Promise<Held> {
  const db = openDatabase({ path: path.join(profile, 'history.db'), key, role: 'writer' })
  try {
    if (!isIntact(db)) wrong('the database is damaged')
    const tables = comparedTables.map((table) => {
      const rows = db.prepare<[], readonly unknown[]>(`SELECT * FROM ${table}`).raw().all()
      const texts = rows.map((row) => JSON.stringify(row)).sort()
      const hash = createHash('sha256').update(texts.join('\n')).digest('hex')
      return [table, `${rows.length} rows ${hash}`] as const
    })
    const attachments = path.join(profile, 'attachments')
    const files = existsSync(attachments) ? readdirSync(attachments).sort() : []
    const store = new AttachmentStore(attachments, systemRandom)
    for (const name of files) {
      const whole = await store.isIntact(name as AttachmentId).catch(() => false)
      if (!whole) wrong(`attachment ${name} is damaged`)
    }
    return { tables: Object.fromEntries(tables), files }
  } finally {
    db.close()
  }
}

/** Kills imports; each that comes to its end has to be what one in one go is. */
export async function killImports({ kills, size, tell }: KillOptions): Promise<ArchiveKillReport> {
  const ground = await Ground.make()
  const tally = new Tally()
  const wrong = (problem: string): void => tally.wrong(problem)
  try {
    const file = ground.at('out', 'export.age')
    mkdirSync(path.dirname(file))
    await makeProfile(ground.at('from'), size, 'message')
    await ground.live('export', { profile: ground.at('from'), file })
    // Some of the messages are here already, with other words.
    await makeProfile(ground.at('base'), { entries: 100, files: 2 }, 'other words')
    const profile = ground.at('profile')
    const begin = (): void => {
      rmSync(profile, { recursive: true, force: true })
      cpSync(ground.at('base'), profile, { recursive: true })
    }
    begin()
    const { tookMs } = await ground.live('import', { profile, file })
    const wanted = await heldBy(profile, wrong)
    begin()
    while (tally.kills < kills) {
      const life = await ground.live('import', { profile, file }, Math.random() * tookMs * longestLife)
      if (life.killedIn !== null) tally.killed(life.killedIn)
      if (life.killedIn !== null && tally.kills < kills) continue
      // After the last kill nobody is left to interrupt it.
      if (life.killedIn !== null) await ground.live('import', { profile, file })
      tally.finished += 1
      compare(await heldBy(profile, wrong), wanted, wrong)
      tell?.(tally.report())
      begin()
    }
    return tally.report()
  } finally {
    ground.remove()
  }
}

function compare(held: Held, wanted: Held, wrong: (problem: string) => void): void {
  for (const [table, rows] of Object.entries(wanted.tables))
    if (held.tables[table] !== rows) wrong(`${table}: ${held.tables[table] ?? 'none'} instead of ${rows}`)
  if (held.files.join() !== wanted.files.join()) wrong(`files ${held.files.join()} instead of ${wanted.files.join()}`)
}

/** Kills exports to one name: there is always the older one or a whole new one, and the next start finds nothing else. */
export async function killExports(what: 'export' | 'pages', options: KillOptions): Promise<ArchiveKillReport> {
  const { kills, size, tell } = options
  const ground = await Ground.make()
  const tally = new Tally()
  try {
    const out = ground.at('out')
    const file = path.join(out, what)
    const profile = ground.at('profile')
    mkdirSync(out)
    await makeProfile(profile, size, 'message')
    const { tookMs } = await ground.live(what, { profile, file })
    const judge = what === 'export' ? judgeFile(ground, file, tally) : judgePages(file, tally)
    while (tally.kills < kills) {
      if (what === 'pages') rmSync(file, { recursive: true, force: true })
      const life = await ground.live(what, { profile, file }, Math.random() * tookMs * longestLife)
      const leftovers = life.found.filter((name) => name !== what)
      if (leftovers.length > 0) tally.wrong(`left at the next start: ${leftovers.join()}`)
      if (life.killedIn === null) tally.finished += 1
      else tally.killed(life.killedIn)
      await judge(life)
      if (life.killedIn === null) tell?.(tally.report())
    }
    const { found } = await ground.live(what, { profile, file: path.join(out, 'another') })
    if (found.some((name) => name !== what)) tally.wrong(`left in the end: ${found.join()}`)
    return tally.report()
  } finally {
    ground.remove()
  }
}

type Judge = (life: Life) => Promise<void>

/** There is the file of before, or another whole one. */
function judgeFile(ground: Ground, file: string, tally: Tally): Judge {
  let last = readFileSync(file)
  return async () => {
    const now = readFileSync(file)
    if (now.equals(last)) return
    if (!(await ground.isWhole(file))) tally.wrong('half an export under its name')
    last = now
  }
}

/** Pages that have their name have all their files: the first page is written last. */
function judgePages(folder: string, tally: Tally): Judge {
  return ({ killedIn }) => {
    if (existsSync(folder)) {
      const names = readdirSync(folder)
      if (!names.includes('index.html') || !names.includes('conversation-00001.html')) tally.wrong('half of the pages')
    } else if (killedIn === null) tally.wrong('no pages after an export that ended well')
    return Promise.resolve()
  }
}
