/** A process that dies after the file of one day was changed and before that of the next. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import BetterSqlite from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { changes, changeThreeDays, lookAfter, type Change } from './three-days.ts'

const child = fileURLToPath(new URL('./between-days-child.ts', import.meta.url))
let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sotto-days-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Whether it died before it was done. */
function dies(directory: string, change: Change, step: number): boolean {
  const run = spawnSync(process.execPath, ['--no-warnings', child, directory, change, String(step)], {
    ...{ stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' },
    env: { ...process.env, NODE_COMPILE_CACHE: path.join(folder, 'compiled') },
  })
  if (run.signal === 'SIGKILL') return true
  if (run.stdout !== 'done') throw new Error(`it ended by itself: ${run.status}`)
  return false
}

it.each(changes)(
  'a process that dies anywhere in it finishes, or never began: %s',
  async (change) => {
    let [step, problems]: [number, readonly string[]] = [0, []]
    for (let isLeft = true; isLeft;) {
      step += 1
      const directory = path.join(folder, String(step))
      isLeft = dies(directory, change, step)
      problems = [...problems, ...(await lookAfter(directory, change)).map((problem) => `step ${step}: ${problem}`)]
    }
    expect(problems).toEqual([])
    // A child that never dies would prove nothing.
    expect(step).toBeGreaterThan(change === 'append' ? 1 : 3)
  },
  120_000,
)

it('an account that is erased in one day alone would be seen', async () => {
  await changeThreeDays(folder, 'append')
  const db = new BetterSqlite(path.join(folder, 'day-2024-10-04.db'))
  db.exec("DELETE FROM batch WHERE account LIKE '%bob%'; DELETE FROM head WHERE account LIKE '%bob%'")
  db.close()
  expect(await lookAfter(folder, 'erase account')).toContain('2 days of an account are left')
})

it('a day whose heads nobody took over would be seen', async () => {
  await changeThreeDays(folder, 'append')
  for (const day of ['2024-10-04', '2024-10-05', '2024-10-06', '2024-10-07']) rmSync(path.join(folder, `day-${day}.db`))
  expect(await lookAfter(folder, 'drop days')).toContain('a head is lost')
})
