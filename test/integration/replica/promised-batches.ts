/** What a store of sealed histories has said, and whether it keeps its word when it is opened again. */
import BetterSqlite from 'better-sqlite3'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { BatchToStore, StoredBatch } from '#server/replica/replica-store.ts'
import { SqliteReplicaStore } from '#server/replica/sqlite/sqlite-replica-store.ts'
import { toHex } from '#shared/bytes/bytes.ts'
import { decodeBatch } from '#shared/replication/batch.ts'
import { decodeHeader } from '#shared/replication/envelope.ts'
import { decodeHead } from '#shared/replication/head.ts'
import { SetClock } from '#test/contracts/replica-store/world.ts'
import { ReplicaDevice } from '#test/fixtures/replica/device.ts'

interface Said {
  readonly account: string
  readonly device: string
  readonly last: number
  readonly hash: string
  readonly day: number
}

const limits = { accountBytes: 1000 * 1_048_576 }

export class PromisedBatches {
  readonly #stored = new Map<string, Said>()
  readonly #erased: { readonly device: string; readonly seq: number; readonly needle: Buffer }[] = []
  readonly #forgotten: { readonly account: string; readonly device: string }[] = []
  readonly #forgetting = new Set<string>()
  readonly #contradictions: string[] = []
  #dropping = 0
  #dropped = 0
  /** Batches that were said to be stored. */
  acknowledged = 0

  note(line: string): void {
    const [verb, ...words] = line.split(' ') as [string, ...string[]]
    const [account = '', device = '', number = '', last = '', day = ''] = words
    const notes: Readonly<Record<string, () => unknown>> = {
      stored: () => this.#noteStored({ account, device, last: Number(number), hash: last, day: Number(day) }),
      erased: () => this.#erased.push({ device, seq: Number(number), needle: Buffer.from(last, 'hex') }),
      dropping: () => (this.#dropping = Number(account)),
      dropped: () => (this.#dropped = Number(account)),
      forgetting: () => this.#forgetting.add(account),
      forgot: () => this.#forgotten.push({ account, device }),
    }
    notes[verb]?.()
  }

  #noteStored(promise: Said): void {
    const key = `${promise.account} ${promise.device} ${promise.last}`
    const before = this.#stored.get(key)
    if (before === undefined) this.acknowledged += 1
    else if (before.day !== promise.day) this.#contradictions.push(`${key} has two days`)
    this.#stored.set(key, promise)
  }

  /** Opens the store as the next start would; returns what is wrong. */
  async lookAgain(directory: string): Promise<readonly string[]> {
    const store = new SqliteReplicaStore({ directory, clock: new SetClock(), limits })
    try {
      const problems = [...this.#contradictions]
      // Files that were begun are finished when they are first needed.
      await store.heads('sip:nobody@example.org')
      for (const account of new Set([...this.#stored.values()].map((each) => each.account)))
        problems.push(...(await this.#lookAt(store, account)))
      return [...problems, ...this.#onDisk(directory), ...damaged(directory)]
    } finally {
      await store.close()
    }
  }

  async #lookAt(store: SqliteReplicaStore, account: string): Promise<readonly string[]> {
    const { batches } = await store.page(account, { after: [], maxBytes: Infinity })
    if (this.#forgotten.some((each) => each.account === account))
      return batches.length + (await store.heads(account)).length === 0 ? [] : [`${account} is there again`]
    const found = new Map(batches.map((batch) => [`${toHex(batch.device)} ${batch.last}`, batch]))
    return [
      ...this.#lost(account, found),
      ...(await this.#lostHeads(store, account)),
      ...this.#resurrected(batches),
      ...doubled(batches),
      ...(await wronglyRepeated(store, account, batches)),
      ...(await stuck(store, account)),
    ]
  }

  #promises(account: string): readonly Said[] {
    return this.#forgetting.has(account) ? [] : [...this.#stored.values()].filter((each) => each.account === account)
  }

  #lost(account: string, found: ReadonlyMap<string, StoredBatch>): readonly string[] {
    return this.#promises(account).flatMap(({ device, last, hash, day }) => {
      const batch = found.get(`${device} ${last}`)
      if (batch === undefined) return day < this.#dropping ? [] : [`${device} ${last} is lost`]
      return hash === toHex(toStore(batch).hash) && batch.day === day ? [] : [`${device} ${last} is another`]
    })
  }

  async #lostHeads(store: SqliteReplicaStore, account: string): Promise<readonly string[]> {
    const heads = new Map((await store.heads(account)).map(({ device, seq }) => [toHex(device), seq]))
    const lost = this.#promises(account).filter(({ device, last }) => (heads.get(device) ?? 0) < last)
    return lost.map(({ device, last }) => `the head of ${device} is before ${last}`)
  }

  #resurrected(batches: readonly StoredBatch[]): readonly string[] {
    const old = batches.filter(({ day }) => day < this.#dropped).map(({ day }) => `day ${day} is there again`)
    const there = batches.flatMap(({ device, first, bytes }) =>
      decodeBatch(bytes).envelopes.flatMap(({ body }, index) =>
        body === null ? [] : [`${toHex(device)} ${first + index}`],
      ),
    )
    const bodies = this.#erased.filter(({ device, seq }) => there.includes(`${device} ${seq}`))
    return [...old, ...bodies.map(({ device, seq }) => `body ${device} ${seq} is there again`)]
  }

  #onDisk(directory: string): readonly string[] {
    const files = filesOf(directory)
    const has = (needle: Buffer): boolean => files.some((file) => file.includes(needle))
    const bodies = this.#erased
      .filter(({ needle }) => has(needle))
      .map(({ device, seq }) => `${device} ${seq} is on the disk`)
    const accounts = this.#forgotten.filter(({ account }) => has(Buffer.from(account)))
    return [...bodies, ...accounts.map(({ account }) => `${account} is on the disk`)]
  }
}

const filesOf = (directory: string): readonly Buffer[] =>
  readdirSync(directory).map((file) => readFileSync(path.join(directory, file)))

/** A batch as its device would send it again. */
function toStore({ device, first, last, bytes }: StoredBatch): BatchToStore {
  const { head, envelopes } = decodeBatch(bytes)
  const previous = decodeHeader(envelopes[0]?.header ?? new Uint8Array()).previous
  return { device, first, last, previous, hash: decodeHead(head).hash, begins: false, bytes }
}

function doubled(batches: readonly StoredBatch[]): readonly string[] {
  return [...Map.groupBy(batches, ({ device }) => toHex(device))].flatMap(([device, its]) =>
    its
      .slice(1)
      .flatMap(({ first }, index) =>
        first === (its[index]?.last ?? 0) + 1 ? [] : [`${device} has no row at ${first}`],
      ),
  )
}

async function wronglyRepeated(
  store: SqliteReplicaStore,
  account: string,
  batches: readonly StoredBatch[],
): Promise<readonly string[]> {
  const problems: string[] = []
  for (const batch of batches) {
    const answer = await store.append(account, toStore(batch))
    if (answer.kind !== 'repeated' || answer.day !== batch.day) problems.push(`${batch.last} again is ${answer.kind}`)
  }
  return problems
}

/** Devices that cannot go on. */
async function stuck(store: SqliteReplicaStore, account: string): Promise<readonly string[]> {
  const problems: string[] = []
  for (const { device, ...place } of await store.heads(account)) {
    const batch = new ReplicaDevice(account, 'any', place).write()
    const { kind } = await store.append(account, { ...batch, device })
    if (kind !== 'stored') problems.push(`${toHex(device)} is answered ${kind}`)
  }
  return problems
}

/** Databases that are not whole, or whose counts are wrong. */
function damaged(directory: string): readonly string[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.db'))
  return names.flatMap((name) => {
    const db = new BetterSqlite(path.join(directory, name))
    try {
      const problems = db.pragma('integrity_check', { simple: true }) === 'ok' ? [] : [`${name} is damaged`]
      return name === 'replica.db' ? problems : [...problems, ...miscounted(db)]
    } finally {
      db.close()
    }
  })
}

function miscounted(db: BetterSqlite.Database): readonly string[] {
  const count = (sql: string): string => JSON.stringify(db.prepare(sql).raw().all())
  const counted = count(
    `SELECT account, hex(device), MIN(first), MAX(last), COUNT(*), SUM(length(bytes)) FROM batch
     GROUP BY account, device ORDER BY 1, 2`,
  )
  const kept = count('SELECT account, hex(device), first, seq, batches, bytes FROM head ORDER BY 1, 2')
  return counted === kept ? [] : [`heads of ${db.name}`]
}
