/** A replica store without a disk: for simulations, and to go back to an earlier state as a restored backup does. */
import { equalBytes, toHex } from '#shared/bytes/bytes.ts'
import { placeBatch } from '#server/replica/place-batch.ts'
import type {
  AppendAnswer,
  BatchPage,
  BatchToStore,
  BodyToErase,
  Cursor,
  ReplicaStore,
  ReplicaUsage,
  StoredBatch,
  StoredHead,
} from '#server/replica/replica-store.ts'
import { withoutBodies } from '#server/replica/without-bodies.ts'

interface Stored extends StoredBatch, Pick<BatchToStore, 'hash'> {
  /** Names its device. */
  readonly key: string
}

interface Account {
  readonly heads: Map<string, StoredHead>
  readonly batches: Stored[]
  /** Bodies to be erased when they come, and the day that was said. */
  readonly toErase: { readonly body: BodyToErase; readonly day: number }[]
}

export class MemoryReplicaStore implements ReplicaStore {
  #accounts = new Map<string, Account>()
  #day = 0
  readonly #today: () => number

  constructor(today: () => number) {
    this.#today = today
  }

  append(name: string, batch: BatchToStore): Promise<AppendAnswer> {
    const account = this.#account(name)
    const key = toHex(batch.device)
    const head = account.heads.get(key) ?? null
    const reaching = account.batches.find((stored) => stored.key === key && stored.last >= batch.first)
    const answer = placeBatch(batch, { head, reaching: reaching ?? null })
    if (answer !== 'next') return Promise.resolve(answer)
    this.#day = Math.max(this.#day, this.#today())
    const { device, first, last, hash } = batch
    const early = account.toErase.map(({ body }) => body)
    const bytes = without(batch, early)?.bytes ?? Uint8Array.from(batch.bytes)
    account.batches.push({ key, device, first, last, hash, day: this.#day, bytes })
    account.heads.set(key, { device, seq: last, hash, day: this.#day })
    return Promise.resolve({ kind: 'stored', day: this.#day })
  }

  heads(name: string): Promise<readonly StoredHead[]> {
    return Promise.resolve([...this.#account(name).heads.values()])
  }

  page(name: string, request: { readonly after: Cursor; readonly maxBytes: number }): Promise<BatchPage> {
    const after = new Map(request.after.map(({ device, seq }) => [toHex(device), seq]))
    const rest = this.#account(name).batches.filter(({ key, last }) => last > (after.get(key) ?? 0))
    const batches = withinBytes(rest, request.maxBytes)
    return Promise.resolve({ batches, end: batches.length === rest.length })
  }

  newest(name: string, maxBytes: number): Promise<readonly StoredBatch[]> {
    return Promise.resolve(withinBytes(this.#account(name).batches.toReversed(), maxBytes))
  }

  eraseBodies(name: string, bodies: readonly BodyToErase[]): Promise<number> {
    const account = this.#account(name)
    let erased = 0
    for (const [index, stored] of account.batches.entries()) {
      const rest = without(stored, bodies)
      if (rest === null) continue
      erased += rest.erased
      account.batches[index] = { ...stored, bytes: rest.bytes }
    }
    account.toErase.push(...bodies.map((body) => ({ body, day: this.#day })))
    return Promise.resolve(erased)
  }

  eraseAccount(name: string): Promise<void> {
    this.#accounts.delete(name)
    return Promise.resolve()
  }

  dropBefore(day: number): Promise<void> {
    for (const account of this.#accounts.values()) {
      const kept = account.batches.filter((batch) => batch.day >= day)
      account.batches.splice(0, Infinity, ...kept)
      account.toErase.splice(0, Infinity, ...account.toErase.filter((one) => one.day >= day))
    }
    return Promise.resolve()
  }

  usage(name: string): Promise<ReplicaUsage> {
    const { batches } = this.#account(name)
    const bytes = batches.reduce((sum, batch) => sum + batch.bytes.length, 0)
    return Promise.resolve({ batches: batches.length, bytes, oldestDay: batches[0]?.day ?? null })
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** A copy of everything; calling what it returns goes back to it. */
  backup(): () => void {
    const copy = new Map([...this.#accounts].map(([name, account]) => [name, copyOf(account)]))
    const day = this.#day
    return () => {
      this.#accounts = new Map([...copy].map(([name, account]) => [name, copyOf(account)]))
      this.#day = day
    }
  }

  #account(name: string): Account {
    const account = this.#accounts.get(name) ?? { heads: new Map(), batches: [], toErase: [] }
    this.#accounts.set(name, account)
    return account
  }
}

function copyOf({ heads, batches, toErase }: Account): Account {
  return { heads: new Map(heads), batches: [...batches], toErase: [...toErase] }
}

/** One at least. */
function withinBytes<T extends StoredBatch>(batches: readonly T[], maxBytes: number): readonly T[] {
  let bytes = 0
  const end = batches.findIndex((batch) => (bytes += batch.bytes.length) > maxBytes)
  return end < 0 ? batches : batches.slice(0, Math.max(1, end))
}

/** Of bodies of any device, those of this batch are taken out. */
function without({ device, bytes }: Pick<StoredBatch, 'device' | 'bytes'>, bodies: readonly BodyToErase[]) {
  const own = bodies.filter((body) => equalBytes(body.device, device))
  return own.length === 0 ? null : withoutBodies(bytes, own)
}
