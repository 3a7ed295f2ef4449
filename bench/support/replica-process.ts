/** A replica on SQLite with its real listener, in a process of its own, that holds so many messages of one device. */
import { encodeEntry } from '#shared/model/entry-codec.ts'
import { maxBatchEntries } from '#shared/replication/head.ts'
import { nodeCrypto } from '#server/replica/access/crypto.ts'
import { takeBatch } from '#server/replica/take-batch.ts'
import { account, keysOf } from '#test/fakes/drawn-chain.ts'
import { BatchWriter } from '#test/fakes/replica-client.ts'
import { ReplicaWorld } from '#test/fakes/replica-server.ts'
import { EntryMaker } from '#test/integration/history/history-fixture.ts'
import { Corpus } from './corpus.ts'
import { lastId, live, type HeldReplica } from './held-replica.ts'

const entries = Number(process.argv[2])
const world = await ReplicaWorld.start({
  limits: { accountBurst: 1e9, accountRequestsPerSecond: 1e9, httpRequestsPerMinute: 1e9 },
})
await world.holds(`0: A
1: 0 A adds B
2: 1 A epoch 1`)

const [corpus, make, writer] = [
  new Corpus(),
  new EntryMaker(Date.now() - 2 * 86_400_000),
  new BatchWriter('A', account),
]
const message = (id?: string): Uint8Array => {
  const text = corpus.sentence()
  return encodeEntry(make.incoming(text, id === undefined ? {} : { id }))
}

async function store(contents: readonly Uint8Array[]): Promise<void> {
  const { bytes } = writer.write(contents)
  const { id: sender, ed25519 } = keysOf('A')
  const check = { account, sender, begins: false, keyOf: () => ed25519, crypto: nodeCrypto }
  const taken = await takeBatch(world.service.ports.store, bytes, check)
  if (!taken.ok || taken.value.kind !== 'stored') throw new Error('not stored')
}

// What was said for long was pushed at once; what was said last, one by one.
for (let left = entries - live; left > 0; left -= maxBatchEntries)
  await store(Array.from({ length: Math.min(left, maxBatchEntries) }, () => message()))
for (let left = live; left > 0; left -= 1) await store([message(left === 1 ? lastId : undefined)])

const { bytes } = await world.service.ports.store.usage(account)
process.send?.({ ...world.address, bytes } satisfies HeldReplica)
process.on('message', () => void world.end().then(() => process.exit()))
process.on('disconnect', () => process.exit())
