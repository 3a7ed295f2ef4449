/** The process that is killed: a bare store with several writers. It prints a line only after a batch was acknowledged. */
import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { systemClock as clock } from '#server/home/system-ports.ts'
import { openPostgresStore } from '#server/replica/postgres/postgres-store.ts'
import { ReplicaDevice } from '#test/fixtures/replica/device.ts'

const [url, round, schemaDirectory] = process.argv.slice(2)
if (url === undefined || round === undefined || schemaDirectory === undefined)
  throw new Error('url, round and the folder of the schema wanted')

// Nobody who is killed leaves a cache behind: the first life writes it for those after it.
if (round === '0') flushCompileCache()
const accounts = ['sip:alice@example.org', 'sip:bob@example.org']
const limits = { accountBytes: Number.MAX_SAFE_INTEGER }
const store = await openPostgresStore({ url, connections: 4, clock, limits, schemaDirectory })

async function write(account: string, name: string): Promise<never> {
  const device = new ReplicaDevice(account, name)
  for (;;) {
    const { last, ...batch } = device.write()
    const { kind } = await store.append(account, { last, ...batch })
    // Written at once: what `process.stdout` still holds dies with the process.
    if (kind === 'stored') writeSync(1, `${account} ${name} ${last}\n`)
    else throw new Error(`the answer was ${kind}`)
  }
}

await Promise.all(
  accounts.flatMap((account) => ['one', 'two', 'three'].map((name) => write(account, `${round}-${name}`))),
)
