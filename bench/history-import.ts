/**
 * Importing beside what it is made of, in one run: text into a history of a million messages, in turns with a bulk insert of the same rows into
 * another such history; attachments beside plain copies of the same bytes. `--smoke` is the short form.
 */
import {
  closeSync,
  copyFileSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import type Database from 'better-sqlite3'
import { Archive } from '#main/archive/archive.ts'
import type { ArchivePorts } from '#main/archive/archive-port.ts'
import { AttachmentStore } from '#main/history/attachments/attachment-store.ts'
import { openDatabase } from '#main/history/database.ts'
import { indexText } from '#main/history/search-text.ts'
import type { OpenHistory } from '#main/history/open-history.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { startWorker, workerUrl } from '#main/platform/worker-rpc/start-worker.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import type { ArchiveActivity } from '#shared/model/archive-views.ts'
import type { Entry } from '#shared/model/entry.ts'
import { alice, aliceAccount, bob, EntryMaker, TestHistory } from '#test/integration/history/history-fixture.ts'
import { silentLog } from '#test/fakes/silent-log.ts'
import { fillInBulk } from './support/bulk-history.ts'
import { printFigures, quantile, type Figure } from './support/figures.ts'

const smoke = process.argv.includes('--smoke')
const held = smoke ? 2_000 : 1_000_000
const messages = smoke ? 2_000 : 50_000
const rounds = smoke ? 1 : 3
const attachmentBytes = (smoke ? 4 : 256) * 1024 * 1024
const attachmentPromise = 30
const textPromise = 0.5
const scope = { kind: 'all' } as const

const vocabulary = Array.from({ length: 4000 }, (_, i) => `${'bcdfghklmnprst'[i % 14] ?? ''}${i.toString(36)}`)
let state = 42
function nextRandom(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}
const word = (): string => vocabulary[Math.floor(nextRandom() ** 3 * vocabulary.length)] ?? ''
const sentence = (): string => Array.from({ length: 4 + Math.floor(nextRandom() * 16) }, word).join(' ')

const folder = mkdtempSync(path.join(tmpdir(), 'sotto-bench-import-'))
const identity = await generateX25519Identity()
const recipients = [await identityToRecipient(identity)]

/** A profile as the program runs it: history and archive in their workers. */
class Profile {
  readonly test = new TestHistory()
  readonly attachments: string
  readonly spent = new Map<string, number>()
  #phase: { readonly name: string; readonly since: number } | null = null

  constructor(name: string) {
    this.attachments = path.join(folder, `attachments-${name}`)
  }

  archive(history: OpenHistory, file: string): Archive {
    const startArchive: ArchivePorts['startWorker'] = () =>
      startWorker({
        url: workerUrl('archive-worker', import.meta.resolve('#main/archive/archive.ts')),
        start: { attachments: this.attachments },
        closedCode: 'cancelled',
      })
    return new Archive({
      ...{
        reader: history.reader,
        writer: history.writer,
        clock: systemClock,
        log: silentLog,
        program: 'bench',
        language: () => 'en' as const,
      },
      identity: { signExport: () => Promise.resolve(null), judgeExport: () => Promise.resolve('invalid') },
      startWorker: startArchive,
      dialog: { save: () => Promise.resolve(file), open: () => Promise.resolve(file), reveal: () => undefined },
      changed: (activity) => this.#note(activity),
    })
  }

  #note(activity: ArchiveActivity | null): void {
    const now = performance.now()
    if (this.#phase !== null) {
      const { name, since } = this.#phase
      this.spent.set(name, (this.spent.get(name) ?? 0) + now - since)
    }
    this.#phase = activity === null ? null : { name: activity.phase, since: now }
  }
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return (performance.now() - start) / 1000
}

interface Way {
  readonly name: string
  readonly entries: readonly Entry[]
  /** What else the first profile has. */
  readonly fill?: (profile: Profile) => Promise<readonly Entry[]>
  /** What the second one holds before. */
  readonly base?: TestHistory
}

/** Exports `entries` of one profile and imports them into another, both in workers. */
async function through({ name, entries, fill, base }: Way) {
  const [from, to] = [new Profile(`${name}-from`), new Profile(`${name}-to`)]
  if (base !== undefined) copyHistory(base, to.test)
  try {
    const history = await from.test.openWorkers()
    const all = [...entries, ...((await fill?.(from)) ?? [])]
    await history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }] })
    for (let at = 0; at < all.length; at += 500) await history.writer.commit({ entries: all.slice(at, at + 500) })
    const file = path.join(folder, `${name}.age`)
    const exporting = await timed(() =>
      from.archive(history, file).exportSealed({ scope, protection: { kind: 'recipients', recipients } }),
    )
    const target = await to.test.openWorkers()
    const archive = to.archive(target, file)
    await archive.choose()
    const verifying = await timed(() => archive.verify({ secret: utf8(identity) }))
    const importing = await timed(() => archive.apply())
    const { messages: count } = await target.reader.counts()
    return { exporting, verifying, importing, count, bytes: statSync(file).size }
  } finally {
    await from.test.remove()
    await to.test.remove()
  }
}

function copyHistory(from: TestHistory, to: TestHistory): void {
  copyFileSync(from.path, to.path)
  to.key.set(from.key)
}

/** The same rows by SQL alone, 500 in each durable transaction as the import has them: what no program can do without. */
function rawInsert(filled: TestHistory, base: TestHistory): number {
  const source = openDatabase({ path: filled.path, key: filled.key, role: 'reader' })
  const target = new TestHistory()
  copyHistory(base, target)
  const db = openDatabase({ path: target.path, key: target.key, role: 'writer' })
  try {
    const add = db.prepare('INSERT INTO conversation (id, account, peer) VALUES (?, ?, ?)')
    const { lastInsertRowid } = add.run('x', alice, bob)
    const [entries, rows] = [tableOf(source, 'entry', lastInsertRowid), tableOf(source, 'message', lastInsertRowid)]
    const [intoEntry, intoMessage] = [insertInto(db, 'entry', entries[0]), insertInto(db, 'message', rows[0])]
    const index = db.prepare('INSERT INTO message_text (rowid, body) VALUES (?, ?)')
    const start = performance.now()
    for (let at = 0; at < rows.length; at += 500) {
      db.transaction(() => {
        for (const row of entries.slice(at, at + 500)) intoEntry.run(...Object.values(row))
        for (const row of rows.slice(at, at + 500)) {
          intoMessage.run(...Object.values(row))
          index.run(row.position, indexText(row as unknown as Parameters<typeof indexText>[0]))
        }
      }).immediate()
    }
    db.pragma('wal_checkpoint(TRUNCATE)')
    return (performance.now() - start) / 1000
  } finally {
    source.close()
    db.close()
    void target.remove()
  }
}

type Row = Readonly<Record<string, unknown>>

/** Rows of one conversation, which has another number in the target; numbers of entries are the target's to give. */
function tableOf(db: Database.Database, table: string, conversation: number | bigint): readonly Row[] {
  return db
    .prepare<[], Row>(`SELECT * FROM ${table}`)
    .all()
    .map(({ seq: _, ...row }) => ({ ...row, conversation }))
}

function insertInto(db: Database.Database, table: string, row: Row | undefined) {
  const names = Object.keys(row ?? {})
  return db.prepare(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`)
}

/** A history as long as a person's. */
function longHistory(): TestHistory {
  const test = new TestHistory()
  const account = { aor: alice, id: aliceAccount }
  fillInBulk({ path: test.path, key: test.key, account, messages: held, conversations: smoke ? 20 : 200 })
  return test
}

async function filledWith(entries: readonly Entry[]): Promise<TestHistory> {
  const test = new TestHistory()
  const history = test.open()
  await history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }] })
  for (let at = 0; at < entries.length; at += 500) await history.writer.commit({ entries: entries.slice(at, at + 500) })
  await history.close()
  return test
}

async function benchText(): Promise<readonly Figure[]> {
  // Older than all that is there: the rows of the bulk insert find their places free.
  const [base, make] = [longHistory(), new EntryMaker(1_500_000_000_000)]
  const entries = Array.from({ length: messages }, (_, i) =>
    i % 2 === 0 ? make.incoming(sentence()) : make.outgoing(sentence()),
  )
  const filled = await filledWith(entries)
  const times: Readonly<Record<Stage, number[]>> = { exporting: [], verifying: [], importing: [], raw: [], ratios: [] }
  for (let round = 0; round < rounds; round++) {
    const measured = await through({ name: `text-${round}`, entries, base })
    if (measured.count !== held + messages) throw new Error('not all messages were imported')
    const inserting = rawInsert(filled, base)
    times.exporting.push(measured.exporting)
    times.verifying.push(measured.verifying)
    times.importing.push(measured.importing)
    times.raw.push(inserting)
    times.ratios.push(inserting / measured.importing)
  }
  await Promise.all([filled.remove(), base.remove()])
  return textFigures(times)
}

type Stage = 'exporting' | 'verifying' | 'importing' | 'raw' | 'ratios'

function textFigures(times: Readonly<Record<Stage, readonly number[]>>): readonly Figure[] {
  const rate = (stage: Stage): string =>
    `${Math.round(messages / quantile(times[stage], 0.5)).toLocaleString('en')} messages/s`
  const plain = (what: string, stage: Stage): Figure => ({
    what,
    measured: rate(stage),
    besides: '',
    promise: '',
    holds: null,
  })
  const ratio = quantile(times.ratios, 0.5)
  return [
    plain('export of text, with reading back', 'exporting'),
    plain('verifying and comparing a file', 'verifying'),
    {
      what: `import of ${messages} texts into ${held}, median of ${rounds}`,
      measured: rate('importing'),
      besides: `bulk insert of the same rows: ${rate('raw')}`,
      promise: `≥ ${textPromise} × (is ${ratio.toFixed(2)})`,
      holds: smoke ? null : ratio >= textPromise,
    },
  ]
}

/** A file of random bytes in the attachment store, named by an entry. */
async function withAttachment(profile: Profile): Promise<readonly Entry[]> {
  const store = new AttachmentStore(profile.attachments, systemRandom)
  const { id, key, size } = await store.write(randomPieces())
  const make = new EntryMaker()
  const base = make.incoming('')
  if (base.body.kind !== 'message') throw new Error('not a message')
  const { conversation, peer, author, messageId, sentAt } = base.body
  const place = { conversation, peer, author, messageId, sentAt }
  return [
    {
      ...base,
      body: {
        kind: 'file',
        ...place,
        fileName: 'random',
        mediaType: 'application/octet-stream',
        size,
        attachment: id,
        attachmentKey: key,
      },
    },
  ]
}

async function* randomPieces(): AsyncGenerator<Uint8Array> {
  const piece = systemRandom.bytes(1024 * 1024)
  for (let left = attachmentBytes; left > 0; left -= piece.length) yield await Promise.resolve(piece)
}

/** Reads and writes as many bytes, unencrypted, with one fsync. */
async function plainCopy(): Promise<number> {
  const [source, target] = [path.join(folder, 'plain'), path.join(folder, 'copy')]
  const handle = await open(source, 'w')
  for await (const piece of randomPieces()) await handle.writeFile(piece)
  await handle.sync()
  await handle.close()
  const start = performance.now()
  const [from, to] = [openSync(source, 'r'), openSync(target, 'w')]
  const buffer = new Uint8Array(1024 * 1024)
  for (let read = readSync(from, buffer); read > 0; read = readSync(from, buffer))
    writeSync(to, buffer.subarray(0, read))
  fsyncSync(to)
  closeSync(from)
  closeSync(to)
  return (performance.now() - start) / 1000
}

async function benchAttachments(): Promise<readonly Figure[]> {
  const measured = await through({ name: 'attachments', entries: [], fill: withAttachment })
  const copied = await plainCopy()
  const rate = (seconds: number): number => attachmentBytes / 1e6 / seconds
  const figure = (what: string, seconds: number): Figure => ({
    what,
    measured: `${Math.round(rate(seconds))} MB/s`,
    besides: `plain copy with fsync: ${Math.round(rate(copied))} MB/s`,
    promise: `≥ ${attachmentPromise} MB/s`,
    holds: rate(seconds) >= attachmentPromise,
  })
  return [
    figure('export of an attachment, with reading back', measured.exporting),
    figure('verifying an attachment', measured.verifying),
    figure('import of an attachment', measured.importing),
  ]
}

try {
  printFigures('Export and import', [...(await benchText()), ...(await benchAttachments())], smoke)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
