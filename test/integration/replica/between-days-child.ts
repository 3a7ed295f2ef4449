/** The process that dies between two days' files: `directory change step`. It changes a store of three days and ends before this step of it. */
import { writeSync } from 'node:fs'
import type { Database } from 'better-sqlite3'
import { openDatabase, type OpenDatabase } from '#server/replica/sqlite/database.ts'
import { changes, changeThreeDays, type Change } from './three-days.ts'

const [directory, change, step] = process.argv.slice(2)
if (directory === undefined || !changes.includes(change as Change)) throw new Error('directory and change wanted')

let left = Number(step)
/** Before a transaction of any file, or a statement outside of one. */
function next(): void {
  left -= 1
  if (left === 0) process.kill(process.pid, 'SIGKILL')
}

let isWatched = false
const watched: OpenDatabase = (path, schema) => {
  const db = openDatabase(path, schema)
  const [transaction, exec] = [db.transaction.bind(db), db.exec.bind(db)]
  db.transaction = ((run: (...args: unknown[]) => unknown) => {
    const made = transaction(run)
    const immediate = (...args: unknown[]): unknown => {
      if (isWatched) next()
      return made.immediate(...args)
    }
    return Object.assign((...args: unknown[]) => made(...args), { immediate })
  }) as unknown as Database['transaction']
  db.exec = (sql) => {
    if (isWatched) next()
    return exec(sql)
  }
  return db
}

await changeThreeDays(directory, change as Change, { open: watched, begin: () => (isWatched = true) })
writeSync(1, 'done')
