import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { preparePaths, type ProfilePaths } from '#main/platform/profile-paths.ts'
import { diskFiles, diskHoldings } from './disk-holdings.ts'
import { type EraseFiles, systemFiles } from './erase-files.ts'
import { eraseProfile, finishErasing } from './erase-profile.ts'

let data: string
let paths: ProfilePaths
const wrapped = 'the wrapped key of the history'

beforeEach(() => {
  data = mkdtempSync(path.join(tmpdir(), 'sotto-erase-'))
  paths = preparePaths(data, 'alice')
  fill()
})
afterEach(() => rmSync(data, { recursive: true, force: true }))

function fill(): void {
  mkdirSync(path.join(paths.attachments, 'deep'), { recursive: true })
  const contents = {
    ...{ 'history.db': 'pages', 'history.db-wal': 'frames', 'history.db-shm': 'index' },
    ...{ 'keys.json': wrapped, 'keys.json.new': wrapped, 'keychain-sotto-x.sealed': 'sealed' },
    ...{ 'attachments/aa': 'file', 'attachments/deep/bb': 'file' },
    ...{ 'sotto.log': 'line', 'sotto.log.1': 'line', 'profile.lock': '', 'instance.sock': '', Cookies: 'x' },
  }
  for (const [name, text] of Object.entries(contents)) writeFileSync(path.join(paths.profile, name), text)
}

const names = () => readdirSync(paths.profile).sort()

/** The system's disk that fails at its n-th step and at every one after it, as a process does that ended there. */
function crashingAt(step: number): { readonly files: EraseFiles; readonly steps: () => number } {
  let done = 0
  const count =
    <A extends unknown[], R>(run: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      done++ < step ? run(...args) : Promise.reject(new Error('crashed'))
  return {
    steps: () => done,
    files: {
      list: systemFiles.list,
      mark: count(systemFiles.mark),
      overwrite: count(systemFiles.overwrite),
      remove: count(systemFiles.remove),
      sync: count(systemFiles.sync),
    },
  }
}

describe('erasing a profile', () => {
  it('leaves nothing of it but the lock, and what is not Sotto’s', async () => {
    await eraseProfile(paths, systemFiles)
    expect(names()).toEqual(['Cookies', 'instance.sock', 'profile.lock'])
    expect((await diskHoldings(paths)).uses).toMatchObject({
      ...{ history: { count: 0 }, keys: { count: 0 }, keychain: { count: 0 }, attachments: { count: 0 } },
      ...{ log: { count: 0 }, lock: { count: 1 }, other: { count: 2 } },
    })
    expect((await diskFiles(paths)).map(({ name }) => name).sort()).toEqual(names())
  })

  it('writes over the keys before anything else goes', async () => {
    const seen: string[] = []
    const watching: EraseFiles = {
      ...systemFiles,
      overwrite: async (file) => {
        await systemFiles.overwrite(file)
        seen.push(`over ${path.basename(file)}`)
        if (path.basename(file) === 'keys.json') expect(readFileSync(file).includes(wrapped)).toBe(false)
        expect(names()).toContain('history.db')
      },
      remove: async (file) => {
        seen.push(`gone ${path.basename(file)}`)
        await systemFiles.remove(file)
      },
    }
    await eraseProfile(paths, watching)
    const first = seen.findIndex((step) => step.startsWith('gone'))
    expect(seen.slice(0, first).sort()).toEqual([
      'over keychain-sotto-x.sealed',
      'over keys.json',
      'over keys.json.new',
    ])
    expect(seen.slice(first, first + 3).sort()).toEqual(
      ['gone keychain-sotto-x.sealed', 'gone keys.json', 'gone keys.json.new'].sort(),
    )
    expect(seen.at(-1)).toBe('gone erasing')
  })

  it('is finished by the next start, wherever it was interrupted', async () => {
    const whole = crashingAt(Infinity)
    await eraseProfile(paths, whole.files)
    expect(whole.steps()).toBeGreaterThan(10)
    for (let step = 0; step < whole.steps(); step += 1) {
      fill()
      await expect(eraseProfile(paths, crashingAt(step).files)).rejects.toMatchObject({ code: 'disk-failed' })
      const begun = names().includes('erasing')
      // Before the mark nothing has happened; after it nothing can be opened: the next start goes on before it looks.
      if (!begun && step === 0) expect(names()).toContain('keys.json')
      expect(await finishErasing(paths, systemFiles)).toBe(begun)
      if (step > 0) expect(names()).toEqual(['Cookies', 'instance.sock', 'profile.lock'])
    }
  })

  it('can itself be interrupted while it is finished', async () => {
    await expect(eraseProfile(paths, crashingAt(3).files)).rejects.toThrow()
    for (let step = 0; names().includes('erasing'); step += 1) {
      await finishErasing(paths, crashingAt(step).files).catch(() => undefined)
    }
    expect(names()).toEqual(['Cookies', 'instance.sock', 'profile.lock'])
  })

  it('touches nothing without its mark', async () => {
    const before = names()
    expect(await finishErasing(paths, systemFiles)).toBe(false)
    expect(names()).toEqual(before)
  })

  it('says that a disk is full', async () => {
    const full = Object.assign(new Error('full'), { code: 'ENOSPC' })
    const files = { ...systemFiles, mark: () => Promise.reject(full) }
    await expect(eraseProfile(paths, files)).rejects.toMatchObject({ code: 'disk-full' })
    expect(names()).toContain('keys.json')
  })
})

it('counts every file once, by what it is for', async () => {
  const { uses, homeServer, folder } = await diskHoldings(paths)
  expect(folder).toBe(paths.profile)
  expect(uses).toEqual({
    history: { count: 3, bytes: 16 },
    keys: { count: 2, bytes: 2 * wrapped.length },
    keychain: { count: 1, bytes: 6 },
    attachments: { count: 2, bytes: 8 },
    log: { count: 2, bytes: 8 },
    lock: { count: 1, bytes: 0 },
    other: { count: 2, bytes: 1 },
  })
  expect(homeServer).toBeNull()
  mkdirSync(paths.homeServer)
  writeFileSync(path.join(paths.homeServer, 'home.db'), '12345')
  expect((await diskHoldings(paths)).homeServer).toEqual({ count: 1, bytes: 5 })
})
