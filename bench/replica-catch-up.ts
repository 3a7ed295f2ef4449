/**
 * Catching up with a replica over HTTPS, from an empty history to all of it stored and indexed, beside each of its stages alone in the same run:
 * fetching, verifying, opening, inserting with the index. The server is a process of its own. `--smoke` is the short form.
 */
import { checkBatch, type CheckedBatch } from '#shared/replication/check-batch.ts'
import { nodeCrypto } from '#server/replica/access/crypto.ts'
import type { OpenedContent, ReadBatch } from '#main/replication/ports.ts'
import { account, keysOf } from '#test/fakes/drawn-chain.ts'
import { keyOf, keyring, NewDevice, withReplica, type HeldReplica } from './support/held-replica.ts'
import { printFigures, quantile, type Figure } from './support/figures.ts'

const smoke = process.argv.includes('--smoke')
const entries = smoke ? 2_000 : 100_000
const rounds = smoke ? 1 : 3
const promise = 0.5

type Pages = readonly (readonly Uint8Array[])[]
type Stage = 'fetch' | 'verify' | 'open' | 'insert and index' | 'all'
const times: Record<Stage, number[]> = { fetch: [], verify: [], open: [], 'insert and index': [], all: [] }

async function timed<T>(stage: Stage, work: () => Promise<T> | T): Promise<T> {
  const begun = performance.now()
  const result = await work()
  times[stage].push((performance.now() - begun) / 1000)
  return result
}

async function fetchAll({ client }: NewDevice): Promise<Pages> {
  const pages: (readonly Uint8Array[])[] = []
  const { id: device } = keysOf('A')
  for (let seq = 0; ;) {
    const { batches, end } = await client.page([{ device, seq }])
    pages.push(batches)
    seq += batches.reduce((sum, bytes) => sum + countOf(bytes), 0)
    if (end) return pages
  }
}

function checked(bytes: Uint8Array): CheckedBatch {
  const found = checkBatch(bytes, { account, keyOf, crypto: nodeCrypto })
  if (!found.ok) throw new Error(found.error)
  return found.value
}

const keys = keyring()

function opened({ head, batch, headers }: CheckedBatch): ReadBatch {
  const contents = batch.envelopes.map(({ header, body }, i): OpenedContent => {
    const content = body === null ? null : keys.open(header, body)
    if (!(content instanceof Uint8Array)) throw new Error('it does not open')
    return { seq: headers[i]?.seq ?? 0, bodyHash: headers[i]?.bodyHash ?? header, content }
  })
  const { device, seq, hash, at, frontier } = head
  return { place: { device, seq, hash, at }, contents, unopened: [], missing: [], frontier, erased: [] }
}

async function stages(replica: HeldReplica): Promise<void> {
  const device = await NewDevice.open(replica)
  try {
    await device.client.heads()
    const pages = await timed('fetch', () => fetchAll(device))
    const verified = await timed('verify', () => pages.map((page) => page.map(checked)))
    const reads = await timed('open', () => verified.map((page) => page.map(opened)))
    await timed('insert and index', async () => {
      for (const page of reads) await device.journal.keepRead(page)
    })
  } finally {
    await device.end()
  }
}

/** Envelopes of a batch, by its bytes alone: `shared/replication/batch.ts`. */
function countOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return view.getUint16(1 + 4 + view.getUint32(1) + 64)
}

async function whole(replica: HeldReplica): Promise<void> {
  const device = await NewDevice.open(replica)
  try {
    await device.client.heads()
    await timed('all', () => device.catchUp(entries))
  } finally {
    await device.end()
  }
}

const bytes = await withReplica(entries, async (replica) => {
  for (let round = 0; round < rounds; round++) {
    await stages(replica)
    await whole(replica)
  }
  return replica.bytes
})
const medians = Object.entries(times).map(([stage, seconds]) => [stage, quantile(seconds, 0.5)] as const)
const alone = medians.filter(([stage]) => stage !== 'all').toSorted(([, a], [, b]) => b - a)
const [slowest = ['', Number.NaN] as const] = alone
const all = quantile(times.all, 0.5)
const rate = (seconds: number): string => `${Math.round(entries / seconds).toLocaleString('en')}/s`
const figure: Figure = {
  what: `${entries.toLocaleString('en')} entries, ${(bytes / 1_048_576).toFixed(0)} MiB, median of ${rounds}`,
  measured: `${all.toFixed(2)} s, ${rate(all)}`,
  besides: alone.map(([stage, seconds]) => `${stage} ${rate(seconds)}`).join(', '),
  promise: `≥ ${promise} × ${slowest[0]} (is ${(slowest[1] / all).toFixed(2)})`,
  holds: slowest[1] / all >= promise,
}
printFigures('Catching up with a replica', [figure], smoke)
