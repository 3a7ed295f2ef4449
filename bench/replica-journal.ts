/**
 * What replication costs the history, in one run: batches of 256 that are read beside plain inserts of the same entries, and inserts while an
 * account replicates beside inserts while it does not, in turns on the same disk. `--smoke` is the short form.
 */
import { encodeEntry } from '#shared/model/entry-codec.ts'
import type { Entry } from '#shared/model/entry.ts'
import { packEntries } from '#main/history/archive-reader.ts'
import type { OpenHistory } from '#main/history/open-history.ts'
import type { BatchRead } from '#main/history/replica-port.ts'
import { alice, aliceAccount, EntryMaker, TestHistory } from '#test/integration/history/history-fixture.ts'
import { printFigures, quantile, type Figure } from './support/figures.ts'

const smoke = process.argv.includes('--smoke')
const batches = smoke ? 8 : 150
const inserts = smoke ? 50 : 500
const batchEntries = 256
const readPromise = 0.7

const vocabulary = Array.from({ length: 4000 }, (_, i) => `${'bcdfghklmnprst'[i % 14] ?? ''}${i.toString(36)}`)
let state = 42
function nextRandom(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}
const word = (): string => vocabulary[Math.floor(nextRandom() ** 3 * vocabulary.length)] ?? ''
const sentence = (): string => Array.from({ length: 4 + Math.floor(nextRandom() * 16) }, word).join(' ')

const sibling = new Uint8Array(16).fill(2)
const bytes32 = (number: number): Uint8Array => {
  const bytes = new Uint8Array(32)
  new DataView(bytes.buffer).setUint32(0, number)
  return bytes
}

/** Entries as another device wrote them, long enough ago that nobody is told of each. */
function batchOf(
  make: EntryMaker,
  first: number,
): { readonly encoded: readonly Uint8Array[]; readonly read: BatchRead } {
  const encoded = Array.from({ length: batchEntries }, (_, i) =>
    encodeEntry(i % 2 === 0 ? make.incoming(sentence()) : make.outgoing(sentence())),
  )
  const seqs = Float64Array.from(encoded, (_, i) => first + i)
  const last = first + batchEntries - 1
  const bodyHashes = new Uint8Array(Buffer.concat(Array.from(seqs, bytes32)))
  const place = { device: sibling, seq: last, hash: bytes32(last), at: 1 }
  const read = { place, contents: { ...packEntries(encoded), seqs, bodyHashes }, unopened: [], missing: [] }
  return { encoded, read: { ...read, frontier: [], erased: [] } }
}

async function timed(times: number[], run: () => Promise<unknown>): Promise<void> {
  const start = performance.now()
  await run()
  times.push(performance.now() - start)
}

async function opened(test: TestHistory, replicates: boolean): Promise<OpenHistory> {
  const history = await test.openWorkers()
  await history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }] })
  if (replicates) await history.writer.replica.switchOn(alice, { snapshot: true })
  return history
}

/** The same entries into two histories, batch by batch in turns. */
async function benchReading(): Promise<Figure> {
  const [plain, replicating] = [new TestHistory(), new TestHistory()]
  const [into, reading] = [await opened(plain, false), await opened(replicating, true)]
  const make = new EntryMaker()
  const [inserted, read]: [number[], number[]] = [[], []]
  for (let batch = 0; batch < batches; batch += 1) {
    const { encoded, read: brought } = batchOf(make, 1 + batch * batchEntries)
    await timed(inserted, () => into.writer.commit({ packed: packEntries(encoded), partOf: 1 }))
    await timed(read, () => reading.writer.replica.keepRead(alice, [brought]))
  }
  const [here, there] = [(await into.reader.counts()).messages, (await reading.reader.counts()).messages]
  if (here !== there || here !== batches * batchEntries) throw new Error(`${there} read, ${here} inserted`)
  for (const test of [plain, replicating]) await test.remove()
  const sum = (times: readonly number[]): number => times.reduce((all, one) => all + one, 0)
  const rate = (times: readonly number[]): string =>
    `${Math.round((batches * batchEntries * 1000) / sum(times)).toLocaleString('en')} entries/s`
  const ratio = sum(inserted) / sum(read)
  return {
    what: `${batches} batches of ${batchEntries} read`,
    measured: rate(read),
    besides: `plain insert of the same: ${rate(inserted)}`,
    promise: `≥ ${readPromise} × (is ${ratio.toFixed(2)})`,
    holds: ratio >= readPromise,
  }
}

/** One message each, in turns: what an account pays that does not replicate, and one that does. */
async function benchInserts(): Promise<readonly Figure[]> {
  const tests = [new TestHistory(), new TestHistory()]
  const histories = await Promise.all(tests.map((test, i) => opened(test, i === 1)))
  const times: readonly number[][] = [[], []]
  const make = new EntryMaker()
  for (let round = 0; round < inserts; round += 1) {
    const entry: Entry = make.incoming(sentence())
    for (const [i, history] of histories.entries())
      await timed(times[i] ?? [], () => history.writer.commit({ entries: [entry] }))
  }
  for (const test of tests) await test.remove()
  const [off, on] = times.map((one) => quantile(one, 0.5))
  const show = (value: number | undefined): string => `${(value ?? Number.NaN).toFixed(3)} ms`
  return [
    {
      what: `durable insert of a message that waits to be sealed, median of ${inserts}`,
      measured: show(on),
      besides: `of an account that does not replicate: ${show(off)}`,
      ...{ promise: '', holds: null },
    },
  ]
}

printFigures('The journal of replication', [await benchReading(), ...(await benchInserts())], smoke)
