import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { openFileLog } from './file-log.ts'

describe('the log of a profile', () => {
  let folder: string
  let file: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sotto-log-'))
    file = join(folder, 'sotto.log')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const numbers = (path: string): number[] =>
    readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { at: number }).at)

  it('goes on in a new file when one is full, also while it runs, and keeps the one before', () => {
    const log = openFileLog(file, new FakeClock(), 1_000)
    for (let at = 0; at < 100; at += 1) log.warn('happened', { at })
    const [older, newer] = [numbers(`${file}.1`), numbers(file)]
    expect([...older, ...newer]).toEqual(
      Array.from({ length: older.length + newer.length }, (_, at) => 100 - older.length - newer.length + at),
    )
    expect(older.length).toBeGreaterThan(newer.length - 1)
    for (const path of [file, `${file}.1`]) {
      expect(statSync(path).size).toBeLessThanOrEqual(1_000)
      expect(statSync(path).mode & 0o777).toBe(0o600)
    }
  })

  it('goes on where the last run ended', () => {
    const clock = new FakeClock()
    openFileLog(file, clock, 1_000).warn('happened', { at: 0 })
    openFileLog(file, clock, 1_000).error('happened', { at: 1 })
    expect(numbers(file)).toEqual([0, 1])
  })

  it('loses lines, not the program, where nothing can be written', () => {
    const log = openFileLog(join(folder, 'missing', 'sotto.log'), new FakeClock(), 1_000)
    expect(() => log.error('happened', { at: 1 })).not.toThrow()
  })
})
