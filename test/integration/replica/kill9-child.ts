/** The process that is killed: one life of a store after the other; it says what was acknowledged. */
import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { ReplicaLife } from './replica-life.ts'

const [directory, name] = process.argv.slice(2)
if (directory === undefined || name === undefined) throw new Error('directory and name wanted')

// Nobody who is killed leaves a cache behind: the first life writes it for those after it.
if (name === 'life-0') flushCompileCache()
const say = (...words: readonly (string | number)[]): void => void writeSync(1, `${words.join(' ')}\n`)
for (const step of new ReplicaLife({ directory, name, say }).rounds()) await step()
