/** The store whose disk is recorded and cut: `root marks rounds [synchronous]`. */
import { openSync, writeSync } from 'node:fs'
import { openDatabase, type OpenDatabase } from '#server/replica/sqlite/database.ts'
import { ReplicaLife } from './replica-life.ts'

const [directory, marksFile, rounds, synchronous] = process.argv.slice(2)
if (directory === undefined || marksFile === undefined) throw new Error('root and marks wanted')

const open: OpenDatabase = (path, schema) => {
  const db = openDatabase(path, schema)
  if (synchronous !== undefined) db.pragma(`synchronous = ${synchronous}`)
  return db
}
const marks = openSync(marksFile, 'a')
const say = (...words: readonly (string | number)[]): void => void writeSync(marks, words.join(' '))
const life = new ReplicaLife({ directory, name: 'life', say, open })
for (const step of life.rounds(Number(rounds))) await step()
await life.store.close()
