/**
 * The history beside what it is made of, in one run: durable commits beside fdatasync of the same disk, search beside plain
 * unencrypted SQLite, opening a conversation of 100,000 messages. `--smoke` is the short form.
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { emptyFilter } from '#shared/model/search.ts'
import { openHistoryInWorkers, type OpenHistory } from '#main/history/open-history.ts'
import {
  alice,
  aliceAccount,
  bob,
  conversationWith,
  EntryMaker,
  TestHistory,
} from '#test/integration/history/history-fixture.ts'

const smoke = process.argv.includes('--smoke')
const messages = smoke ? 5_000 : 100_000
const rounds = smoke ? 50 : 300
const pagePromiseMs = 100
const commitPromise = 2

interface Row {
  readonly what: string
  readonly p50Ms: number
  readonly p99Ms: number
}

function rowOf(what: string, timesMs: readonly number[]): Row {
  const sorted = timesMs.toSorted((a, b) => a - b)
  const at = (share: number): number => Math.round((sorted[Math.floor(sorted.length * share)] ?? NaN) * 1000) / 1000
  return { what, p50Ms: at(0.5), p99Ms: at(0.99) }
}

async function timed(times: number[], run: () => unknown): Promise<void> {
  const start = performance.now()
  await run()
  times.push(performance.now() - start)
}

/** Words of uneven frequency, the same in every run. */
const vocabulary = Array.from(
  { length: 4000 },
  (_, i) => `${'bcdfghklmnprst'[i % 14] ?? ''}${'aeiou'[i % 5] ?? ''}${i.toString(36)}`,
)
let state = 42
function nextRandom(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}
const word = (): string => vocabulary[Math.floor(nextRandom() ** 3 * vocabulary.length)] ?? ''
const sentence = (): string => Array.from({ length: 4 + Math.floor(nextRandom() * 16) }, word).join(' ')

/** One insert by the writer itself, one through its worker, one fdatasync, in turns: all meet the same disk. */
async function measureCommits(history: OpenHistory, make: EntryMaker, folder: string): Promise<readonly Row[]> {
  const [syncs, inserts, commits, messagesWithJob]: [number[], number[], number[], number[]] = [[], [], [], []]
  const file = openSync(path.join(folder, 'baseline'), 'w')
  const bytes = new Uint8Array(32_768)
  const here = new TestHistory()
  const { writer } = here.open()
  await writer.commit({ entries: [make.contact({ policy: 'accepted' })] })
  for (let round = 0; round < rounds; round++) {
    await timed(syncs, () => {
      writeSync(file, bytes)
      fdatasyncSync(file)
    })
    await timed(inserts, () => writer.commit({ entries: [make.incoming(sentence())] }))
    await timed(commits, () => history.writer.commit({ entries: [make.incoming(sentence())] }))
    const message = make.outgoing(sentence())
    await timed(messagesWithJob, () => history.writer.commit({ entries: [message], addJobs: [make.job(message)] }))
  }
  closeSync(file)
  await here.remove()
  return [
    rowOf('fdatasync after 32 KiB (this disk)', syncs),
    rowOf('durable insert of one incoming message', inserts),
    rowOf('the same through its worker', commits),
    rowOf('one message with its job, through the worker', messagesWithJob),
  ]
}

async function measureBurst(history: OpenHistory, make: EntryMaker): Promise<number> {
  const entries = Array.from({ length: smoke ? 500 : 3000 }, () => make.incoming(sentence()))
  const start = performance.now()
  await Promise.all(entries.map((entry) => history.writer.commit({ entries: [entry] })))
  return entries.length / ((performance.now() - start) / 1000)
}

async function fill(history: OpenHistory, make: EntryMaker, texts: readonly string[]): Promise<number> {
  const start = performance.now()
  for (let at = 0; at < texts.length; at += 500) {
    const entries = texts
      .slice(at, at + 500)
      .map((text, i) => (i % 2 === 0 ? make.incoming(text) : make.outgoing(text)))
    await history.writer.commit({ entries })
  }
  return texts.length / ((performance.now() - start) / 1000)
}

/** What a naive program would do: the same texts, no encryption, SQLite's own tokenizer. */
function plainDatabase(folder: string, texts: readonly string[]): Database.Database {
  const db = new Database(path.join(folder, 'plain.db'))
  db.pragma('journal_mode = WAL')
  db.exec(
    "CREATE TABLE message (id INTEGER PRIMARY KEY, text TEXT); CREATE VIRTUAL TABLE words USING fts5 (text, content = '', tokenize = 'unicode61')",
  )
  const [insert, index] = [
    db.prepare('INSERT INTO message VALUES (?, ?)'),
    db.prepare('INSERT INTO words (rowid, text) VALUES (?, ?)'),
  ]
  db.transaction(() => {
    for (const [i, text] of texts.entries()) {
      insert.run(i + 1, text)
      index.run(i + 1, text)
    }
  })()
  return db
}

async function measureSearch(history: OpenHistory, plain: Database.Database): Promise<readonly Row[]> {
  const query = plain.prepare(
    'SELECT message.* FROM words JOIN message ON message.id = words.rowid WHERE words MATCH ? ORDER BY words.rowid DESC LIMIT 50',
  )
  const times: Record<'ours' | 'theirs' | 'oursTwo' | 'theirsTwo' | 'prefix', number[]> = {
    ours: [],
    theirs: [],
    oursTwo: [],
    theirsTwo: [],
    prefix: [],
  }
  const search = (text: string) => history.reader.search({ filter: { ...emptyFilter, text }, before: null, limit: 50 })
  for (let round = 0; round < rounds; round++) {
    const [a, b] = [word(), word()]
    await timed(times.theirs, () => query.all(`"${a}"`))
    await timed(times.ours, () => search(`"${a}"`))
    await timed(times.theirsTwo, () => query.all(`"${a}" AND "${b}"`))
    await timed(times.oursTwo, () => search(`"${a}" "${b}"`))
    await timed(times.prefix, () => search(a.slice(0, 1 + (round % 3))))
  }
  return [
    rowOf('search one word: plain SQLite, same thread', times.theirs),
    rowOf('search one word: Sotto, with marks, from the worker', times.ours),
    rowOf('search two words: plain SQLite', times.theirsTwo),
    rowOf('search two words: Sotto', times.oursTwo),
    rowOf('search as you type (1–3 letters): Sotto', times.prefix),
  ]
}

async function measurePages(history: OpenHistory): Promise<readonly Row[]> {
  const conversationId = conversationWith(bob)
  const [newest, around, list]: [number[], number[], number[]] = [[], [], []]
  const first = await history.reader.page({ conversationId, anchor: { at: 'newest' }, limit: 60 })
  const [low, high] = [first.messages[0]?.position ?? 0, first.messages.at(-1)?.position ?? 0]
  const span = ((high - low) / 60) * first.total
  for (let round = 0; round < rounds; round++) {
    await timed(newest, () => history.reader.page({ conversationId, anchor: { at: 'newest' }, limit: 60 }))
    const position = Math.max(0, Math.floor(high - nextRandom() * span))
    await timed(around, () => history.reader.page({ conversationId, anchor: { at: 'around', position }, limit: 60 }))
    await timed(list, () => history.reader.conversations())
  }
  return [
    rowOf('newest 60 messages', newest),
    rowOf('60 messages around a random one', around),
    rowOf('list of conversations', list),
  ]
}

/** Opening the profile's database and its first page, as at start. */
async function measureColdOpen(test: TestHistory): Promise<Row> {
  const times: number[] = []
  for (let round = 0; round < 5; round++) {
    const history = await openHistoryInWorkers({ path: test.path, key: test.key })
    await timed(times, () =>
      history.reader.page({ conversationId: conversationWith(bob), anchor: { at: 'newest' }, limit: 60 }),
    )
    await history.close()
  }
  return rowOf('first page after opening the database', times)
}

const test = new TestHistory()
const scratch = mkdtempSync(path.join(tmpdir(), 'sotto-bench-'))
try {
  const make = new EntryMaker()
  const before = process.memoryUsage.rss()
  const history = await test.openWorkers()
  await history.writer.commit({
    accounts: [{ id: aliceAccount, aor: alice }],
    entries: [make.contact({ policy: 'accepted' })],
  })
  const commits = await measureCommits(history, make, scratch)
  const burst = await measureBurst(history, make)
  const texts = Array.from({ length: messages }, sentence)
  const rate = await fill(history, make, texts)
  const pages = await measurePages(history)
  const memory = process.memoryUsage.rss() - before
  const plain = plainDatabase(scratch, texts)
  const search = await measureSearch(history, plain)
  plain.close()
  await history.close()
  const cold = await measureColdOpen(test)
  console.table([...commits, ...pages, cold, ...search])
  console.table({
    'messages in the conversation': (await countOf(test)).toLocaleString('en'),
    'commits per second, many at once': Math.round(burst),
    'messages per second, in bulk': Math.round(rate),
    'database MB': Math.round(statSync(test.path).size / 1e5) / 10,
    'plain SQLite MB (texts and index only)': Math.round(statSync(path.join(scratch, 'plain.db')).size / 1e5) / 10,
    'memory of both workers MB': Math.round(memory / 1e5) / 10,
  })
  const slowest = Math.max(cold.p99Ms, ...pages.slice(0, 2).map((row) => row.p99Ms))
  if (!smoke && slowest > pagePromiseMs) {
    console.error(`a page took ${slowest} ms: the promise is ${pagePromiseMs} ms to paint`)
    process.exitCode = 1
  }
  const [sync, commit] = commits
  if (!smoke && sync !== undefined && commit !== undefined && commit.p50Ms > commitPromise * sync.p50Ms) {
    console.error(
      `a durable insert took ${commit.p50Ms} ms, fdatasync ${sync.p50Ms} ms: the promise is ${commitPromise} times that`,
    )
    process.exitCode = 1
  }
} finally {
  await test.remove()
  rmSync(scratch, { recursive: true, force: true })
}

async function countOf(of: TestHistory): Promise<number> {
  const history = of.open()
  const { messages: count } = await history.reader.counts()
  await history.close()
  return count
}
