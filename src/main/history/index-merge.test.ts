import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { EntryMaker } from '#test/integration/history/history-fixture.ts'
import { isIntact, openDatabase } from './database.ts'
import { HistoryWriter } from './history-writer.ts'

const key = new Uint8Array(randomBytes(32))
let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sotto-merge-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('a pause after much was written brings the search index into few pieces, and loses no word', async () => {
  const clock = new FakeClock()
  const file = path.join(folder, 'history.db')
  const writer = new HistoryWriter({ path: file, key, clock })
  const make = new EntryMaker()
  for (let commit = 0; commit < 150; commit++) {
    await writer.commit({ entries: [make.incoming(`word${commit} and ${'many more words '.repeat(700)}`)] })
    await writer.makeSearchable()
  }
  const db = openDatabase({ path: file, key, role: 'writer' })
  const pieces = (): number =>
    db.prepare<[], number>('SELECT count(DISTINCT segid) FROM message_text_idx').pluck().get() ?? 0
  const before = pieces()
  await clock.advance(60_000)
  expect(before).toBeGreaterThan(4)
  expect(pieces()).toBeLessThan(before / 2)
  expect(isIntact(db)).toBe(true)
  const found = db.prepare<[string], number>('SELECT count(*) FROM message_text WHERE message_text MATCH ?').pluck()
  for (let commit = 0; commit < 150; commit++) expect(found.get(`"word${commit}"`)).toBe(1)
  db.close()
  writer.close()
})
