/** A store with three days, and changes that concern the files of all of them. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { ReplicaStore } from '#server/replica/replica-store.ts'
import type { OpenDatabase } from '#server/replica/sqlite/database.ts'
import { SqliteReplicaStore } from '#server/replica/sqlite/sqlite-replica-store.ts'
import { decodeBatch } from '#shared/replication/batch.ts'
import { SetClock } from '#test/contracts/replica-store/world.ts'
import { bodyHashOf, ReplicaDevice, type MadeBatch } from '#test/fixtures/replica/device.ts'

export const changes = ['append', 'erase bodies', 'erase account', 'drop days'] as const
export type Change = (typeof changes)[number]

const [alice, bob] = ['sip:alice@example.org', 'sip:bob-who-goes@example.org']
const limits = { accountBytes: 100 * 1_048_576 }
const firstDay = 20_000
const days = [0, 1, 2].map((day) => firstDay + day)
/** Of a body, to look for it on the disk. */
const needleAt = [40, 72] as const

interface Written {
  readonly alice: readonly MadeBatch[]
  readonly bob: readonly MadeBatch[]
  /** What alice says on the fourth day. */
  readonly next: MadeBatch
}

/** The same batches every time. */
function written(): Written {
  const [one, two] = [new ReplicaDevice(alice, 'three days'), new ReplicaDevice(bob, 'three days')]
  return { alice: days.map(() => one.write(200, 300)), bob: days.map(() => two.write(200)), next: one.write(100) }
}

const bodyOf = ({ device, first, bodies }: MadeBatch) => ({
  ...{ device, seq: first },
  bodyHash: bodyHashOf(bodies[0] ?? new Uint8Array()),
})

/** Fills a directory, then changes it; `begin` is called between the two. */
export async function changeThreeDays(
  directory: string,
  change: Change,
  { open, begin }: { readonly open?: OpenDatabase; readonly begin?: () => void } = {},
): Promise<void> {
  const clock = new SetClock()
  const store = new SqliteReplicaStore({ directory, clock, limits, ...(open === undefined ? {} : { open }) })
  const batches = written()
  for (const [index, day] of days.entries()) {
    clock.setDay(day)
    await Promise.all([store.append(alice, batches.alice[index]!), store.append(bob, batches.bob[index]!)])
  }
  clock.setDay(firstDay + 3)
  begin?.()
  await apply(store, change, batches)
  await store.close()
}

async function apply(store: ReplicaStore, change: Change, batches: Written): Promise<void> {
  if (change === 'append') await store.append(alice, batches.next)
  if (change === 'erase bodies') await store.eraseBodies(alice, batches.alice.map(bodyOf))
  if (change === 'erase account') await store.eraseAccount(bob)
  if (change === 'drop days') await store.dropBefore(firstDay + 2)
}

/** What is wrong with a directory that was left in the middle of a change; asks for the change again, as who got no answer does. */
export async function lookAfter(directory: string, change: Change): Promise<readonly string[]> {
  const clock = new SetClock()
  clock.setDay(firstDay + 3)
  const store = new SqliteReplicaStore({ directory, clock, limits })
  const batches = written()
  try {
    const before = [...(await wholeOrGone(store, change)), ...(await lacking(store, change))]
    await apply(store, change, batches)
    return [...before, ...(await notDone(store, change)), ...onDisk(directory, change, batches)]
  } finally {
    await store.close()
  }
}

/** An account or a day is there as a whole, or not at all, and heads stay. */
async function wholeOrGone(store: ReplicaStore, change: Change): Promise<readonly string[]> {
  const bobs = (await store.page(bob, { after: [], maxBytes: Infinity })).batches
  const kept = change === 'drop days' ? [3, 2, 1] : change === 'erase account' ? [3, 0] : [3]
  const heads = await store.heads(bob)
  const problems = kept.includes(bobs.length) ? [] : [`${bobs.length} days of an account are left`]
  if (change === 'erase account' && heads.length !== (bobs.length === 0 ? 0 : 1)) problems.push('a head is left')
  if (change !== 'erase account' && heads[0]?.seq !== 3) problems.push('a head is lost')
  const usage = await store.usage(bob)
  if (usage.batches !== bobs.length) problems.push(`${usage.batches} batches are counted`)
  return problems
}

/** Of alice all batches are there but those of days that are dropped, in order; each with its bodies, or without what was to go. */
async function lacking(store: ReplicaStore, change: Change): Promise<readonly string[]> {
  const batches = (await store.page(alice, { after: [], maxBytes: Infinity })).batches
  const firsts = batches.map(({ first, last }) => `${first}-${last}`)
  const all = ['1-2', '3-4', '5-6', '7-7']
  const [from, to] = [change === 'drop days' ? all.indexOf(firsts[0] ?? '') : 0, firsts.includes('7-7') ? 4 : 3]
  const gone = batches.flatMap(({ bytes }) => decodeBatch(bytes).envelopes.filter(({ body }) => body === null))
  return [
    ...(from <= 2 && firsts.join() === all.slice(from, to).join() ? [] : [`alice has ${firsts.join()}`]),
    ...(gone.length === 0 || (change === 'erase bodies' && gone.length <= 3) ? [] : [`${gone.length} bodies are gone`]),
  ]
}

async function notDone(store: ReplicaStore, change: Change): Promise<readonly string[]> {
  const alices = (await store.page(alice, { after: [], maxBytes: Infinity })).batches
  const bobs = (await store.page(bob, { after: [], maxBytes: Infinity })).batches
  const left = { alice: alices.length, bob: bobs.length }
  const wanted = {
    ...{ append: { alice: 4, bob: 3 }, 'erase bodies': { alice: 3, bob: 3 } },
    ...{ 'erase account': { alice: 3, bob: 0 }, 'drop days': { alice: 1, bob: 1 } },
  }[change]
  return left.alice === wanted.alice && left.bob === wanted.bob ? [] : [`in the end there are ${JSON.stringify(left)}`]
}

function onDisk(directory: string, change: Change, batches: Written): readonly string[] {
  const files = readdirSync(directory).map((name) => readFileSync(path.join(directory, name)))
  const needles = {
    ...{ append: [], 'drop days': [], 'erase account': [Buffer.from(bob)] },
    'erase bodies': batches.alice.map(({ bodies }) => Buffer.from(bodies[0] ?? []).subarray(...needleAt)),
  }[change]
  return needles
    .filter((needle) => files.some((file) => file.includes(needle)))
    .map(() => 'erased bytes are on the disk')
}
