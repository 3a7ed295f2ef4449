/**
 * The program whose disk fails while it exports or imports: one life of a profile for each fault, in one process. Arguments: the
 * folder of the disk, the control file of the library, the faults as JSON, and what is done. Prints a line of JSON for each.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { Archive } from '#main/archive/archive.ts'
import { AttachmentStore } from '#main/history/attachments/attachment-store.ts'
import { isIntact, openDatabase } from '#main/history/database.ts'
import { openHistoryInProcess, type OpenHistory } from '#main/history/open-history.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import type { AttachmentId } from '#shared/model/ids.ts'
import { DiskControl, type DiskFault } from '#test/fakes/disk-shim.ts'
import { silentLog } from '#test/fakes/silent-log.ts'
import { alice, aliceAccount, EntryMaker } from '../history/history-fixture.ts'
import { anyBytes, fileEntry, inThisThread } from './archive-fixture.ts'

export type ArchiveWork = 'export' | 'pages' | 'import'

/** What one fault did. */
export interface ArchiveFaultReport {
  readonly fault: DiskFault
  readonly failed: number
  /** What the user was told, or null where it went well all the same. */
  readonly refusal: string | null
  readonly problems: readonly string[]
}

const [disk, controlFile, faults, work] = process.argv.slice(2) as [string, string, string, ArchiveWork]
const control = new DiskControl(controlFile)
const key = anyBytes(32)
const identity = await generateX25519Identity()
const recipient = await identityToRecipient(identity)
const scope = { kind: 'all' } as const
const olderFile = 'an older file of that name'
const messages = 700
const files = 3

interface Profile {
  readonly folder: string
  readonly history: OpenHistory
  readonly archive: Archive
}

/** The profile in `folder` with what is written or read at `file`. */
function open(folder: string, file: string): Profile {
  const attachments = path.join(folder, 'attachments')
  const database = path.join(folder, 'history.db')
  const history = openHistoryInProcess({ path: database, key, attachments, clock: systemClock })
  const archive = new Archive({
    ...{ ...history, clock: systemClock, log: silentLog, program: '0.1.0', language: () => 'en' },
    identity: { signExport: () => Promise.resolve(null), judgeExport: () => Promise.resolve('invalid') },
    startWorker: () => Promise.resolve(inThisThread(attachments)),
    dialog: { save: () => Promise.resolve(file), open: () => Promise.resolve(file), reveal: () => undefined },
    changed: () => undefined,
  })
  return { folder, history, archive }
}

async function run({ archive }: Profile): Promise<void> {
  if (work === 'pages') await archive.exportReadable({ scope, format: 'html' })
  else if (work === 'export')
    await archive.exportSealed({ scope, protection: { kind: 'recipients', recipients: [recipient] } })
  else {
    await archive.choose()
    await archive.verify({ secret: utf8(identity) })
    await archive.apply()
  }
}

/** Profiles and an export to begin each life with, beside the watched disk. */
async function prepare(folder: string): Promise<void> {
  const from = path.join(folder, 'from')
  mkdirSync(from, { recursive: true })
  mkdirSync(path.join(folder, 'empty'))
  const { history, archive } = open(from, path.join(folder, 'export.age'))
  const store = new AttachmentStore(path.join(from, 'attachments'), systemRandom)
  const make = new EntryMaker()
  const named = []
  for (let n = 0; n < files; n++) named.push((await fileEntry(store, make, `${n}.png`)).entry)
  const texts = Array.from({ length: messages }, (_, n) => make.incoming(`message ${n}`))
  await history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }], entries: [...texts, ...named] })
  await archive.exportSealed({ scope, protection: { kind: 'recipients', recipients: [recipient] } })
  await history.close()
}

/** One life: the work on a disk that fails, then on one that works. */
class Life {
  readonly #out = path.join(disk, 'out')
  readonly #file = path.join(this.#out, work)
  readonly #problems: string[] = []
  readonly #fault: DiskFault

  constructor(fault: DiskFault) {
    this.#fault = fault
  }

  async run(prepared: string): Promise<ArchiveFaultReport> {
    const folder = path.join(disk, 'profile')
    cpSync(path.join(prepared, work === 'import' ? 'empty' : 'from'), folder, { recursive: true })
    mkdirSync(this.#out)
    if (work === 'export') writeFileSync(this.#file, olderFile)
    if (work === 'import') cpSync(path.join(prepared, 'export.age'), this.#file)
    const profile = open(folder, this.#file)
    control.arm(this.#fault)
    const refusal = await this.#attempt(profile)
    if (refusal !== null) this.#lookWhileRefused()
    control.mend()
    const { failed } = control.counts()
    control.arm(null)
    if (refusal !== null) await this.#again(profile)
    await this.#lookInTheEnd(profile)
    return { fault: this.#fault, failed, refusal, problems: this.#problems }
  }

  async #attempt(profile: Profile): Promise<string | null> {
    try {
      await run(profile)
      return null
    } catch (error) {
      if (error instanceof SottoError && ['disk-full', 'disk-failed'].includes(error.code)) return error.code
      this.#problems.push(`said ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      return 'another'
    }
  }

  async #again(profile: Profile): Promise<void> {
    // What the work could not remove itself, the next start does.
    await profile.archive.start()
    if (readdirSync(this.#out).some((name) => name !== work)) this.#problems.push('something is left beside the file')
    // Pages that are there already are not replaced: the dialog would have given another name.
    if (work === 'pages') rmSync(this.#file, { recursive: true, force: true })
    const refusal = await this.#attempt(profile)
    if (refusal !== null) this.#problems.push(`refused again by a disk that works: ${refusal}`)
  }

  /** The name is given last: what has it, though the folder's fsync was refused, is whole. */
  #lookWhileRefused(): void {
    if (work === 'pages' && existsSync(this.#file) && !existsSync(path.join(this.#file, 'index.html')))
      this.#problems.push('half of the pages')
    if (work !== 'export') return
    const bytes = readFileSync(this.#file)
    const isWhole = bytes.length > 3 * 100_000 && bytes.includes('age-encryption.org')
    if (bytes.toString('latin1') !== olderFile && !isWhole) this.#problems.push('half an export under its name')
  }

  async #lookInTheEnd({ folder, history, archive }: Profile): Promise<void> {
    const counts = await history.reader.counts()
    if (counts.messages !== messages + files) this.#problems.push(`${counts.messages} messages`)
    await archive.start()
    await archive.stop()
    await history.close()
    const store = new AttachmentStore(path.join(folder, 'attachments'), systemRandom)
    const names = readdirSync(path.join(folder, 'attachments'))
    if (names.length !== files) this.#problems.push(`files ${names.join()}`)
    for (const name of names)
      if (!(await store.isIntact(name as AttachmentId).catch(() => false))) this.#problems.push(`${name} is damaged`)
    const left = readdirSync(this.#out).filter((name) => name !== work)
    if (left.length > 0) this.#problems.push(`left behind: ${left.join()}`)
    const db = openDatabase({ path: path.join(folder, 'history.db'), key, role: 'writer' })
    if (!isIntact(db)) this.#problems.push('the database is damaged')
    db.close()
  }
}

const prepared = `${disk}-prepared`
rmSync(prepared, { recursive: true, force: true })
await prepare(prepared)
for (const fault of JSON.parse(faults) as readonly DiskFault[]) {
  const report = await new Life(fault).run(prepared)
  process.stdout.write(`${JSON.stringify(report)}\n`)
  for (const name of readdirSync(disk)) rmSync(path.join(disk, name), { recursive: true, force: true })
}
