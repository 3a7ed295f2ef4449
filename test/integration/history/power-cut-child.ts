/** The program whose disk is recorded and cut: `root marks rounds [synchronous]`. */
import { openSync, writeSync } from 'node:fs'
import { ProfileLife } from './profile-life.ts'

const [root, marksFile, rounds, synchronous] = process.argv.slice(2)
if (root === undefined || marksFile === undefined) throw new Error('root and marks wanted')

const marks = openSync(marksFile, 'a')
const life = new ProfileLife({
  root,
  say: (mark, subject) => void writeSync(marks, `${mark} ${subject}`),
  ...(synchronous === undefined ? {} : { synchronous }),
})
for (const step of life.steps(Number(rounds))) await step()
