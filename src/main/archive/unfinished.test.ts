import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLog } from '#test/fakes/silent-log.ts'
import { TestHistory } from '#test/integration/history/history-fixture.ts'
import type { OpenHistory } from '../history/open-history.ts'
import { UnfinishedExports, unfinishedSetting } from './unfinished.ts'

let folder: string
let test: TestHistory
let history: OpenHistory
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sotto-unfinished-'))
  test = new TestHistory()
  history = test.open()
})
afterEach(async () => {
  await test.remove()
  rmSync(folder, { recursive: true, force: true })
})

const place = (name: string): string => path.join(folder, name)
const open = (): UnfinishedExports => new UnfinishedExports({ ...history, log: silentLog })
const remembered = () => history.reader.setting(unfinishedSetting)

describe('what is half written outside the profile', () => {
  it('is gone after the next start, whatever was written at once', async () => {
    const before = open()
    const halves = await Promise.all(['a.age', 'b.pdf', 'c.pdf'].map((name) => before.begin(place(name))))
    for (const half of halves) writeFileSync(half, 'half')
    // The second was ended by its failure, the others by a crash.
    rmSync(halves[1] ?? '')
    await before.end(place('b.pdf'))
    expect(JSON.parse((await remembered()) ?? '')).toEqual([halves[0], halves[2]])
    await open().sweep()
    expect(halves.map((half) => existsSync(half))).toEqual([false, false, false])
    expect(await remembered()).toBeNull()
  })

  it('stays when it was begun while the start still looks', async () => {
    const now = open()
    const swept = now.sweep()
    const half = await now.begin(place('a.age'))
    writeFileSync(half, 'half')
    await swept
    expect(existsSync(half)).toBe(true)
    expect(JSON.parse((await remembered()) ?? '')).toEqual([half])
  })

  it('waits while its disk is not there', async () => {
    const gone = path.join(folder, 'stick', 'a.age')
    const half = await open().begin(gone)
    await open().sweep()
    expect(JSON.parse((await remembered()) ?? '')).toEqual([half])
  })
})
