/** Reads the batches of an account in the order of receipt, or against it: by device from one to the next, never over all. */
import { toHex } from '#shared/bytes/bytes.ts'
import type { BatchPage, Cursor, StoredBatch, StoredHead } from '../replica-store.ts'
import type { BatchRow, DayFile } from './day-file.ts'
import type { DayFiles } from './day-files.ts'

/** A device that has more for the reader. */
interface Trail {
  readonly device: Uint8Array
  /** The reader has everything up to here; on the way back, everything from here on. */
  seq: number
  readonly until: number
  /** The batch that comes next on the day that is read. */
  next: BatchRow | null
}

export interface PageRequest {
  readonly account: string
  readonly heads: readonly StoredHead[]
  readonly after: Cursor
  readonly maxBytes: number
}

export function readPage(days: DayFiles, { account, heads, after, maxBytes }: PageRequest): BatchPage {
  const trails = trailsOf(heads, after, days.days[0] ?? Infinity)
  const starts = trails.flatMap(({ device, seq }) => days.reaching(account, device, seq + 1)?.day ?? [])
  const page = new Filling(maxBytes)
  for (const file of starts.length === 0 ? [] : days.from(Math.min(...starts))) {
    const step = (trail: Trail): BatchRow | null => file.reaching(account, trail.device, trail.seq + 1)
    if (!fill(page, { file, trails, step, isFirst: (a, b) => a.id < b.id })) break
  }
  return { batches: page.batches, end: trails.every(({ seq, until }) => seq >= until) }
}

export function readNewest(
  days: DayFiles,
  { account, heads, maxBytes }: Omit<PageRequest, 'after'>,
): readonly StoredBatch[] {
  const page = new Filling(maxBytes)
  const trails = heads.map(({ device, seq }) => ({ device, seq: seq + 1, until: 0, next: null }))
  for (const file of days.backwards()) {
    const step = ({ device, seq }: Trail): BatchRow | null => file.before(account, device, seq)
    if (!fill(page, { file, trails, step, isFirst: (a, b) => a.id > b.id })) break
  }
  return page.batches
}

function trailsOf(heads: readonly StoredHead[], after: Cursor, oldestDay: number): readonly Trail[] {
  const known = new Map(after.map(({ device, seq }) => [toHex(device), seq]))
  return heads.flatMap(({ device, seq: until, day }) => {
    const seq = known.get(toHex(device)) ?? 0
    return seq < until && day >= oldestDay ? [{ device, seq, until, next: null }] : []
  })
}

interface Day {
  readonly file: DayFile
  readonly trails: readonly Trail[]
  readonly step: (trail: Trail) => BatchRow | null
  readonly isFirst: (a: BatchRow, b: BatchRow) => boolean
}

/** Takes what a day has; false when the page is full. */
function fill(page: Filling, { file, trails, step, isFirst }: Day): boolean {
  for (const trail of trails) trail.next = step(trail)
  for (;;) {
    const trail = firstOf(trails, isFirst)
    if (trail?.next == null) return true
    const { first, last, bytes } = trail.next
    if (!page.take({ device: trail.device, first, last, day: file.day, bytes })) return false
    trail.seq = last
    trail.next = step(trail)
  }
}

function firstOf(trails: readonly Trail[], isFirst: Day['isFirst']): Trail | null {
  let found: Trail | null = null
  for (const trail of trails) {
    if (trail.next === null) continue
    if (found?.next == null || isFirst(trail.next, found.next)) found = trail
  }
  return found
}

/** A page that grows: one batch at least. */
class Filling {
  readonly batches: StoredBatch[] = []
  #room: number

  constructor(maxBytes: number) {
    this.#room = maxBytes
  }

  take(batch: StoredBatch): boolean {
    if (this.batches.length > 0 && batch.bytes.length > this.#room) return false
    this.#room -= batch.bytes.length
    this.batches.push(batch)
    return true
  }
}
