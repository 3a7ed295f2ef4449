import { appendFileSync, mkdirSync, readFileSync, rmSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock, temporaryDirectory } from '#test/fakes/home-server.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { ErasureList } from './erasure-list.ts'

const dayMs = 86_400_000
const keptMs = 67 * dayMs
const [alice, bob] = ['sip:alice@example.org', 'sip:bob@example.org']

let directory: ReturnType<typeof temporaryDirectory>
let clock: ManualClock
let list: ErasureList
const path = () => join(directory.path, 'erasures')
const open = () => (list = ErasureList.open(path(), keptMs, { clock, random: new SeededRandom(1) }))
const reopened = () => {
  list.close()
  return open()
}

beforeEach(() => {
  directory = temporaryDirectory()
  clock = new ManualClock()
  open()
})
afterEach(() => {
  list.close()
  directory.remove()
})

describe('a list of erasures', () => {
  it('has what was said after a restart, and names nobody', () => {
    expect(list.isNew).toBe(true)
    const mark = list.erased(alice)
    list.kept(bob)
    const again = reopened()
    expect(again.isNew).toBe(false)
    expect(again.nameOf(alice)).toBe(mark.name)
    expect([...again.newest('erased')]).toEqual([[mark.name, mark.at]])
    expect([...again.newest('kept').keys()]).toEqual([again.nameOf(bob)])
    expect(readFileSync(path(), 'utf8')).not.toMatch(/alice|bob|example/)
    expect(statSync(path()).mode & 0o777).toBe(0o600)
  })

  it('has each line on the disk when it is said, and no half one', () => {
    const { name } = list.erased(alice)
    appendFileSync(path(), `${clock.now()} erased ${'A'.repeat(20)}`)
    expect([...reopened().newest('erased').keys()]).toEqual([name])
    list.erased(bob)
    expect(reopened().size).toBe(2)
  })

  it('counts on when the clock goes back', () => {
    const first = list.erased(alice)
    clock = new ManualClock(clock.now() - dayMs)
    expect(reopened().erased(alice).at).toBeGreaterThan(first.at)
  })

  it.each([
    ['at a start', () => reopened()],
    ['while it runs', () => list.dropBefore(clock.now() - keptMs)],
  ])('forgets what no backup can bring back any more, %s', (_when, forget) => {
    list.erased(alice)
    clock.advance(keptMs)
    forget()
    expect(list.size).toBe(1)
    clock.advance(1)
    forget()
    expect(list.size).toBe(0)
    list.erased(bob)
    expect(reopened().size).toBe(1)
  })

  it('is not written anew where all of it counts', () => {
    list.erased(alice)
    const { ino } = statSync(path())
    reopened()
    expect(statSync(path()).ino).toBe(ino)
  })

  it('has at the next start what it has now, also where its file could not be written for a while', () => {
    const old = list.erased(alice)
    clock.advance(dayMs)
    const mark = list.erased(bob)
    // Where a new file would be written.
    mkdirSync(`${path()}.new`)
    expect(() => list.dropBefore(old.at + 1)).toThrow()
    expect(() => list.takeBack(mark)).toThrow()
    expect(() => list.kept(alice)).toThrow()
    expect([list.size, [...list.newest('kept')]]).toEqual([0, []])
    rmdirSync(`${path()}.new`)
    list.kept(bob)
    list.erased(alice)
    expect(list.isThere).toBe(true)
    const said = () => [list.newest('erased'), list.newest('kept')].map((lines) => [...lines.keys()])
    expect(said()).toEqual([[list.nameOf(alice)], [list.nameOf(bob)]])
    const before = said()
    reopened()
    expect(said()).toEqual(before)
  })

  it('has an earlier erasure of an account still when a later one is taken back', () => {
    const first = list.erased(alice)
    list.takeBack(list.erased(alice))
    expect([...reopened().newest('erased')]).toEqual([[first.name, first.at]])
  })

  it('says when its file is gone, or another one', () => {
    expect(list.isThere).toBe(true)
    rmSync(path())
    expect(list.isThere).toBe(false)
    writeFileSync(path(), 'something else')
    expect(list.isThere).toBe(false)
    expect(() => ErasureList.open(path(), keptMs, { clock, random: new SeededRandom(2) })).toThrow(/no list/)
  })
})
