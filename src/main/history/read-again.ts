/**
 * After an update: reads again what an earlier version of the program stored without knowing its kind, a value or a field, and
 * applies it. In steps, each in a transaction with its progress, so that it goes on where a crash stopped it.
 */
import { createHash } from 'node:crypto'
import type { Database, Statement } from 'better-sqlite3'
import { errorCodes } from '#shared/errors.ts'
import { decodeStoredEntry } from '#shared/model/entry-codec.ts'
import { bodyFields, headFields, kinds, type Field } from '#shared/model/entry-fields.ts'
import { Touched, type EntryApplier } from './apply-entry.ts'
import type { EntryStore, StoredBytes } from './entry-store.ts'

/** Entries of one step: the commits that wait behind it wait for some milliseconds. */
const entriesPerStep = 100
/** Values of an enumeration that are looked at. */
const maxValues = 256

type StateName = 'entry_tables' | 'entry_tables_seq'

/** A number that changes whenever this program reads kinds, fields or values that it did not read before. */
export function entryTablesNumber(): number {
  const fieldsOf = (fields: Readonly<Record<string, Field>>) =>
    Object.entries(fields).map(([name, { number, type }]) => {
      const known = Array.from({ length: maxValues }, (_, value) => type.fromCbor(value)).filter(
        (value) => value !== undefined && value !== null,
      )
      return [name, number, known]
    })
  const tables = JSON.stringify([kinds, fieldsOf(headFields), fieldsOf(bodyFields), errorCodes])
  return createHash('sha256').update(tables).digest().readUIntBE(0, 6)
}

export class EntriesReadAgain {
  readonly #entries: EntryStore
  readonly #applier: EntryApplier
  readonly #load: Statement<[StateName], number>
  readonly #save: Statement<[StateName, number]>
  readonly #tables: number

  /** `tables` stands for what this program reads; another number in a test. */
  constructor(
    db: Database,
    { entries, applier }: { readonly entries: EntryStore; readonly applier: EntryApplier },
    tables = entryTablesNumber(),
  ) {
    this.#entries = entries
    this.#applier = applier
    this.#tables = tables
    this.#load = db.prepare<[StateName], number>('SELECT value FROM state WHERE name = ?').pluck()
    this.#save = db.prepare('INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)')
  }

  /** Whether there may be something to read that this version has not looked at. */
  isDue(): boolean {
    return this.#load.get('entry_tables') !== this.#tables
  }

  /** The next entries, inside a running transaction. */
  step(touched: Touched): void {
    const rows = this.#entries.toReadAgain(this.#load.get('entry_tables_seq') ?? 0, entriesPerStep)
    const read = new Touched()
    for (const row of rows) this.#again(row, read)
    this.#applier.finish(read)
    // What is read now came in long ago: it is shown, and no news.
    if (!read.isEmpty) touched.incomplete = true
    for (const ref of read.conversations) touched.conversations.add(ref)
    for (const ref of read.contacts) touched.contacts.add(ref)
    const last = rows.length === entriesPerStep ? rows.at(-1) : undefined
    this.#save.run('entry_tables_seq', last?.seq ?? 0)
    if (last === undefined) this.#save.run('entry_tables', this.#tables)
  }

  /** As if it arrived now: an entry that is still not understood keeps its place. */
  #again({ bytes }: StoredBytes, touched: Touched): void {
    const entry = decodeStoredEntry(bytes)
    if (entry.body.kind === 'unknown') return
    this.#entries.replace(entry, () => this.#applier.applyAgain(entry, touched))
  }
}
