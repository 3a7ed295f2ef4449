/** Cuts the power of a program at every moment and starts it again: what it acknowledged has to be there. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { AttachmentStore, type StoredAttachment } from '#main/history/attachments/attachment-store.ts'
import { isIntact, openDatabase } from '#main/history/database.ts'
import { HistoryReader } from '#main/history/history-reader.ts'
import { argon2 } from '#main/keys/argon2.ts'
import { noKeychain } from '#main/keys/keychain-port.ts'
import { KeyLadder } from '#main/keys/key-ladder.ts'
import { preparePaths, type ProfilePaths } from '#main/platform/profile-paths.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import type { Aor, AttachmentId, MessageId } from '#shared/model/ids.ts'
import { parseDiskLog, type DiskRecord } from '#test/fakes/disk-log.ts'
import { buildDiskShim, watchedEnvironment } from '#test/fakes/disk-shim.ts'
import { CutDisk, type DiskState, type Survival } from '#test/fakes/power-cut.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { alice, bob, conversationWith } from './history-fixture.ts'

/** What the program says once it was told that something is durable. */
export type Mark = 'keys' | 'made' | 'queued' | 'received' | 'done' | 'deleted' | 'stored' | 'passphrase'

export const cutProfile = 'cut'
export const cheapPassphrases = { derive: argon2, cost: { memoryKib: 8, iterations: 1, parallelism: 1 } }
export const passphraseOf = (round: string): Uint8Array => utf8(`tidal copper lantern meadow ${round}`)

export interface CutOptions {
  readonly rounds: number
  /** Cuts before and after every sync only, not at every call. */
  readonly boundariesOnly: boolean
  /** Torn states per cut, beside nothing and everything of what was not synced. */
  readonly samples: number
  readonly seed: string
  /** Another setting of the database than the program's own. */
  readonly synchronous?: 'OFF'
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

const child = fileURLToPath(new URL('./power-cut-child.ts', import.meta.url))
const maxProblems = 5
/** Memory, where there is some: thousands of disks are laid out. */
const quickFolder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

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
  { rounds, synchronous }: CutOptions,
): { records: readonly DiskRecord[]; isComplete: boolean } {
  const [root, log, marks] = ['disk', 'log', 'marks'].map((name) => path.join(folder, name)) as [string, string, string]
  mkdirSync(root)
  const env = { ...process.env, ...watchedEnvironment(buildDiskShim(folder), { root, log, marks }) }
  const args = [
    '--no-warnings',
    child,
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

/** What the marks so far promise. */
class Promised {
  key: string | null = null
  databaseMade = false
  passphrase = 0
  acknowledged = 0
  readonly messages = new Map<string, Aor>()
  readonly jobs = new Set<string>()
  readonly sent = new Set<string>()
  readonly deleted = new Set<string>()
  readonly attachments: StoredAttachment[] = []

  note(text: string): void {
    const [mark, subject, id, key, size] = text.split(' ') as [Mark, string, string?, string?, string?]
    const notes: Readonly<Record<Mark, () => unknown>> = {
      keys: () => (this.key = subject),
      made: () => (this.databaseMade = true),
      queued: () => [this.messages.set(subject, alice), this.jobs.add(subject)],
      received: () => this.messages.set(subject, bob),
      done: () => [this.jobs.delete(subject), this.sent.add(subject)],
      deleted: () => this.deleted.add(subject),
      stored: () => {
        this.messages.set(subject, bob)
        this.attachments.push({ id: id as AttachmentId, key: Buffer.from(key ?? '', 'hex'), size: Number(size) })
      },
      passphrase: () => (this.passphrase = Number(subject)),
    }
    this.acknowledged += 1
    notes[mark]()
  }
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
    const [disk, promised] = [new CutDisk(), new Promised()]
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

  async #judge(where: string, state: DiskState, promised: Promised): Promise<void> {
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
      for (const problem of await startAgain(this.#root, promised)) this.#problems.push(`${where}: ${problem}`)
    } catch (error) {
      this.#problems.push(`${where}: ${String(error)}`)
    }
  }
}

/** Opens the profile as the next start would and looks for what was promised. */
async function startAgain(root: string, promised: Promised): Promise<readonly string[]> {
  const paths = preparePaths(root, cutProfile)
  const key = await openKeys(paths, promised)
  if (key === null) return promised.key === null ? [] : ['the keys are lost']
  if (promised.key !== null && Buffer.from(key).toString('hex') !== promised.key) return ['another key']
  const db = openDatabase({ path: paths.database, key, role: 'writer' })
  const isWhole = isIntact(db)
  db.close()
  const reader = new HistoryReader({ path: paths.database, key })
  try {
    const found = [...(await lostMessages(reader, promised)), ...(await lostFiles(paths, promised))]
    return isWhole ? found : ['the database is damaged', ...found]
  } finally {
    reader.close()
  }
}

/** Null when there is nothing yet, so that the person begins anew. */
async function openKeys(paths: ProfilePaths, promised: Promised): Promise<Uint8Array | null> {
  const ports = { keysFile: paths.keys, databaseFile: paths.database, keychain: noKeychain }
  const ladder = new KeyLadder({ ...ports, random: new SeededRandom('keys'), ...cheapPassphrases })
  if ((await ladder.state()) === 'absent') return null
  try {
    return await ladder.open('passphrase', passphraseOf(String(promised.passphrase)))
  } catch {
    // The change to the next one may have come through.
    return ladder.open('passphrase', passphraseOf(String(promised.passphrase + 1)))
  }
}

async function lostMessages(reader: HistoryReader, promised: Promised): Promise<readonly string[]> {
  const problems: string[] = []
  const conversation = conversationWith(bob)
  const jobs = new Set((await reader.dueJobs(Number.MAX_SAFE_INTEGER, 10_000)).map(({ target }) => target as string))
  for (const [id, author] of promised.messages) {
    const message = await reader.message(conversation, author, id as MessageId)
    if (message === null) problems.push(`message ${id} is lost`)
    else if (promised.deleted.has(id) && message.text !== '') problems.push(`message ${id} is there again`)
    else if (promised.sent.has(id) && message.state !== 'sent') problems.push(`message ${id} forgot that it was sent`)
  }
  for (const id of promised.jobs)
    if (!jobs.has(id) && !(await wasSent(reader, id))) problems.push(`job of ${id} is lost`)
  for (const id of promised.sent) if (jobs.has(id)) problems.push(`job of ${id} is there again`)
  return problems
}

/** Committed, but not acknowledged before the cut. */
async function wasSent(reader: HistoryReader, id: string): Promise<boolean> {
  return (await reader.message(conversationWith(bob), alice, id as MessageId))?.state === 'sent'
}

async function lostFiles(paths: ProfilePaths, promised: Promised): Promise<readonly string[]> {
  const store = new AttachmentStore(paths.attachments, new SeededRandom('files'))
  const problems: string[] = []
  for (const attachment of promised.attachments) {
    try {
      if (!(await store.isIntact(attachment.id))) problems.push(`attachment ${attachment.id} is damaged`)
      let size = 0
      for await (const bytes of store.read(attachment)) size += bytes.length
      if (size !== attachment.size) problems.push(`attachment ${attachment.id} is cut`)
    } catch (error) {
      problems.push(`attachment ${attachment.id}: ${String(error)}`)
    }
  }
  return problems
}
