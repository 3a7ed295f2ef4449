/** Runs worlds of one kind with stand-ins for cryptography, `kind first seeds`; says each thousand that is done. */
import { stubSecrets } from './secrets.ts'
import { kinds, runWorlds } from './worlds.ts'

const [index, first, seeds] = process.argv.slice(2).map(Number)
if (index === undefined || first === undefined || seeds === undefined) throw new Error('kind, first and seeds wanted')
const kind = kinds[index]
if (kind === undefined) throw new Error(`there is no kind ${index}`)

// Networks of these worlds fail all the time, and nobody reads where.
Error.stackTraceLimit = 0
/** Seeds between two words about how far it is. */
const part = 1000
for (let from = first; from < first + seeds; from += part) {
  const many = Math.min(part, first + seeds - from)
  await runWorlds(kind, { first: from, seeds: many, secrets: stubSecrets })
  process.stdout.write(`${from + many - first}\n`)
}
