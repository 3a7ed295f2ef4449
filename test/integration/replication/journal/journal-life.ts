/** A program that writes, erases, seals and reads again and again on one database, and says what it was told to be durable. */
import { decodeHeader } from '#shared/replication/envelope.ts'
import { decodeBatch } from '#shared/replication/batch.ts'
import { encodeEntry } from '#shared/model/entry-codec.ts'
import type { Entry } from '#shared/model/entry.ts'
import { openDatabase, isIntact } from '#main/history/database.ts'
import type { OpenHistory } from '#main/history/open-history.ts'
import { HistoryReplicaJournal } from '#main/replication/journal/history-replica-journal.ts'
import { openedOf, readOf, sealedOf } from '#test/contracts/replica-journal.ts'
import { alice, EntryMaker } from '#test/integration/history/history-fixture.ts'

/** `said m`: a message is stored; `erased m`; `read n`: the sibling's batch n; `sealed n`: up to the own envelope n. */
export type JournalMark = 'said' | 'erased' | 'read' | 'sealed' | 'confirmed'
export type Step = () => Promise<void>

const perBatch = 3

export class JournalLife {
  readonly #make: EntryMaker
  readonly #say: (mark: JournalMark, what: string) => void
  readonly #round: string
  readonly #open: () => OpenHistory
  #history: OpenHistory | null = null
  #journal: HistoryReplicaJournal | null = null
  #count = 0

  constructor(parts: {
    readonly open: () => OpenHistory
    readonly round: string
    readonly say: (mark: JournalMark, what: string) => void
  }) {
    this.#open = parts.open
    this.#round = parts.round
    this.#say = parts.say
    this.#make = new EntryMaker(Date.now() - 1_000_000 + Number(parts.round) * 1000)
  }

  *steps(): Generator<Step> {
    yield () => this.#begin()
    for (;;) {
      yield () => this.#observe()
      yield () => this.#read()
      yield () => this.#seal()
      yield () => this.#observe()
      yield () => this.#erase()
      yield () => this.#seal()
      yield () => this.#confirm()
    }
  }

  async end(): Promise<void> {
    await this.#history?.close()
    this.#history = null
    this.#journal = null
  }

  async #begin(): Promise<void> {
    this.#history ??= this.#open()
    await this.#history.writer.replica.switchOn(alice, { snapshot: true })
  }

  async #opened(): Promise<{ readonly history: OpenHistory; readonly journal: HistoryReplicaJournal }> {
    if (this.#history === null) throw new Error('not begun')
    const keeper = this.#history.writer.replica
    this.#journal ??= await HistoryReplicaJournal.open({ keeper, account: alice })
    return { history: this.#history, journal: this.#journal }
  }

  async #observe(): Promise<void> {
    const { history } = await this.#opened()
    const ids = [1, 2].map(() => `r${this.#round}-${++this.#count}`)
    const entries = ids.map((id) => this.#make.incoming(`text of ${id}.`, { id }))
    await history.writer.commit({ entries })
    for (const id of ids) this.#say('said', id)
  }

  async #erase(): Promise<void> {
    const { history } = await this.#opened()
    const id = `r${this.#round}-${this.#count}`
    await history.writer.commit({ entries: [this.#make.delete(id)] })
    this.#say('erased', id)
  }

  /** The sibling's next batch, the same whenever it is asked for. */
  async #read(): Promise<void> {
    const { journal } = await this.#opened()
    const batch = (journal.places()[0]?.seq ?? 0) / perBatch + 1
    const make = new EntryMaker(Date.now() - 500_000_000 + batch * 1000)
    const contents = Array.from({ length: perBatch }, (_, i) => {
      const entry: Entry = make.incoming(`read ${batch} ${i}.`, { id: `s${batch}-${i}` })
      return openedOf((batch - 1) * perBatch + i + 1, encodeEntry(entry))
    })
    await journal.keepRead([readOf(batch * perBatch, { contents })])
    this.#say('read', String(batch))
  }

  async #seal(): Promise<void> {
    const { journal } = await this.#opened()
    const found = await journal.unsealed(4, (contents) => contents.length)
    if (found === null) return
    const sealed = sealedOf((journal.own()?.seq ?? 0) + 1, found)
    await journal.keepSealed(sealed)
    this.#say('sealed', String(sealed.place.seq))
  }

  async #confirm(): Promise<void> {
    const { journal } = await this.#opened()
    const seq = journal.own()?.seq ?? 0
    await journal.keepConfirmed(seq)
    this.#say('confirmed', String(seq))
  }
}

/** What is on disk and should not be, or is not and should be, by what was said to be durable. */
export function problemsOf(
  place: { readonly path: string; readonly key: Uint8Array },
  lines: readonly string[],
): string[] {
  const said = (mark: JournalMark): readonly string[] =>
    lines.filter((line) => line.startsWith(`${mark} `)).map((line) => line.slice(mark.length + 1))
  const last = (mark: JournalMark): number => Math.max(0, ...said(mark).map(Number))
  const db = openDatabase({ ...place, role: 'writer' })
  const problems: string[] = []
  const expectNone = (what: string, rows: readonly unknown[]): void => {
    if (rows.length > 0) problems.push(`${what}: ${JSON.stringify(rows.slice(0, 3))}`)
  }
  try {
    const has = db.prepare<[string], number>('SELECT count(*) FROM message WHERE message_id = ?').pluck()
    const text = db
      .prepare<[string], number>(`SELECT count(*) FROM entry WHERE instr(bytes, CAST(? AS BLOB)) > 0`)
      .pluck()
    const read = Array.from(
      { length: last('read') * perBatch },
      (_, i) => `s${Math.floor(i / perBatch) + 1}-${i % perBatch}`,
    )
    expectNone(
      'lost',
      [...said('said'), ...read].filter((id) => has.get(id) !== 1),
    )
    expectNone(
      'resurrected',
      said('erased').filter((id) => text.get(`text of ${id}.`) !== 0),
    )
    expectNone(
      'neither waiting nor in an envelope',
      db
        .prepare(
          `SELECT seq FROM entry WHERE NOT EXISTS (SELECT 1 FROM replica_unsealed WHERE entry = entry.seq)
         AND NOT EXISTS (SELECT 1 FROM replica_envelope WHERE entry = entry.seq)`,
        )
        .all(),
    )
    expectNone(
      'waiting and in an envelope',
      db.prepare('SELECT entry FROM replica_unsealed WHERE entry IN (SELECT entry FROM replica_envelope)').all(),
    )
    expectNone(
      'in two envelopes',
      db.prepare('SELECT entry FROM replica_envelope GROUP BY entry HAVING count(*) > 1').all(),
    )
    problems.push(
      ...placesOf(db, { sealed: last('sealed'), read: last('read') * perBatch, confirmed: last('confirmed') }),
    )
    if (db.pragma('foreign_key_check', { simple: true }) !== undefined) problems.push('rows without their parents')
  } finally {
    db.close()
  }
  const again = openDatabase({ ...place, role: 'writer' })
  if (!isIntact(again)) problems.push('the database is damaged')
  again.close()
  return problems
}

/** Every own envelope up to the own place is in a batch, and holds an entry or has a tombstone. */
function placesOf(
  db: ReturnType<typeof openDatabase>,
  said: { readonly sealed: number; readonly read: number; readonly confirmed: number },
): readonly string[] {
  const row = db
    .prepare<[], { own_seq: number | null; confirmed: number }>('SELECT own_seq, confirmed FROM replica')
    .get()
  const read = db.prepare<[], number | null>('SELECT max(seq) FROM replica_device').pluck().get() ?? 0
  const own = row?.own_seq ?? 0
  const sealed = db.prepare<[], Uint8Array>('SELECT bytes FROM replica_sealed ORDER BY first').pluck().all()
  const numbers = sealed.flatMap((bytes) => decodeBatch(bytes).envelopes.map(({ header }) => decodeHeader(header).seq))
  const held = db.prepare<[number, number], number>(
    `SELECT count(*) FROM replica JOIN replica_device ON replica_device.id = own_device
       WHERE EXISTS (SELECT 1 FROM replica_envelope WHERE device = replica_device.ref AND seq = ?)
         <> EXISTS (SELECT 1 FROM replica_tombstone WHERE device = replica_device.ref AND seq = ?)`,
  )
  const isHeld = held.pluck()
  const problems: string[] = []
  if (own < said.sealed || read < said.read || (row?.confirmed ?? 0) < said.confirmed) problems.push('places went back')
  if (numbers.some((seq, i) => seq !== i + 1) || numbers.length !== own)
    problems.push(`sealed ${numbers.join()} of ${own}`)
  const odd = numbers.filter((seq) => isHeld.get(seq, seq) !== 1)
  if (odd.length > 0) problems.push(`neither an entry nor a tombstone, or both: ${odd.slice(0, 5).join()}`)
  return problems
}
