/** Devices with real histories, through the real engine and a server in memory. */
import { cpSync, renameSync, rmSync } from 'node:fs'
import { toHex, utf8 } from '#shared/bytes/bytes.ts'
import type { OpenHistory } from '#main/history/open-history.ts'
import type { HistoryReaderPort } from '#main/history/port.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { ReplicaEngine, type NewestFirst, type SyncReport } from '#main/replication/engine.ts'
import { HistoryReplicaJournal } from '#main/replication/journal/history-replica-journal.ts'
import type { ReplicaServerPort } from '#main/replication/ports.ts'
import { decodeHeader } from '#shared/replication/envelope.ts'
import { decodeBatch } from '#shared/replication/batch.ts'
import { decodeHead } from '#shared/replication/head.ts'
import type { MessageView } from '#shared/model/views.ts'
import { takeBatch } from '#server/replica/take-batch.ts'
import { replicaDevices } from '#test/fakes/replica-devices.ts'
import { MemoryReplicaStore } from '#test/fakes/memory-replica-store.ts'
import { alice, TestHistory } from '#test/integration/history/history-fixture.ts'
import { stubCrypto, stubHash, stubSealing } from './stub-crypto.ts'
import { seeded } from './world.ts'

const dayMs = 86_400_000

/** A server that devices of one account share. */
export class SharedServer {
  now = Date.now()
  readonly keys = new Map<string, Uint8Array>()
  readonly store = new MemoryReplicaStore(() => Math.floor(this.now / dayMs))
  readonly random = seeded(11)

  portFor(device: Uint8Array, maxBytes = 1_048_576): ReplicaServerPort {
    const crypto = stubCrypto(device, this.random)
    const keyOf = (one: Uint8Array) => this.keys.get(toHex(one)) ?? null
    return {
      heads: () => this.store.heads(alice),
      page: async (after) => {
        const { batches, end } = await this.store.page(alice, { after, maxBytes })
        return { batches: batches.map(({ bytes }) => bytes), end }
      },
      newest: async (most) => (await this.store.newest(alice, most)).map(({ bytes }) => bytes),
      push: async (bytes, begins) => {
        const taken = await takeBatch(this.store, bytes, { account: alice, sender: device, begins, keyOf, crypto })
        if (!taken.ok) throw new Error(taken.error)
        if (taken.value.kind === 'stored' || taken.value.kind === 'repeated') return { kind: 'taken' }
        return { kind: 'refused', head: 'head' in taken.value ? taken.value.head : null }
      },
    }
  }

  /** Bodies that are still there, in clear: a stub's cipher hides nothing. */
  async bodies(): Promise<readonly string[]> {
    const { batches } = await this.store.page(alice, { after: [], maxBytes: Number.MAX_SAFE_INTEGER })
    const envelopes = batches.flatMap(({ bytes }) => decodeBatch(bytes).envelopes)
    return envelopes.flatMap(({ body }) => (body === null ? [] : [Buffer.from(body).toString('latin1')]))
  }

  /** How many bodies devices said are to be forgotten, each as often as it was said. */
  async tombstones(): Promise<number> {
    const { batches } = await this.store.page(alice, { after: [], maxBytes: Number.MAX_SAFE_INTEGER })
    return batches.flatMap(({ bytes }) => decodeHead(decodeBatch(bytes).head).erased ?? []).length
  }

  async envelopeCount(): Promise<number> {
    const { batches } = await this.store.page(alice, { after: [], maxBytes: Number.MAX_SAFE_INTEGER })
    return batches.flatMap(({ bytes }) => decodeBatch(bytes).envelopes.map(({ header }) => decodeHeader(header))).length
  }
}

/** One device of the account. */
export class HistoryDevice {
  readonly test = new TestHistory()
  readonly epochs = { newest: 1, known: new Set([1]) }
  readonly #server: SharedServer
  #key!: Uint8Array
  id!: Uint8Array
  /** What stands between this device and the server. */
  through: (port: ReplicaServerPort) => ReplicaServerPort = (port) => port
  pageBytes = 1_048_576
  /** When the newest come before everything else. */
  newestFirst: NewestFirst = { from: 1000, bytes: 1000 }
  /** How far its clock is from the server's, ms. */
  skew = 0
  history: OpenHistory
  #journal: HistoryReplicaJournal | null = null

  constructor(server: SharedServer, name: string) {
    this.#server = server
    this.#takeName(name)
    this.test.clock = { ...systemClock, now: () => this.now }
    this.history = this.test.open()
  }

  get now(): number {
    return this.#server.now + this.skew
  }

  async switchOn(snapshot = true): Promise<void> {
    const { replica } = this.history.writer
    await replica.switchOn(alice, { snapshot })
    while ((await replica.progress(alice))?.share !== 1) await new Promise((resolve) => setImmediate(resolve))
  }

  async journal(): Promise<HistoryReplicaJournal> {
    this.#journal ??= await HistoryReplicaJournal.open({ keeper: this.history.writer.replica, account: alice })
    return this.#journal
  }

  async sync(): Promise<void> {
    const { faults } = await this.run()
    if (faults.length > 0) throw new Error(`faults: ${faults.map(({ kind }) => kind).join()}`)
  }

  /** As {@link sync}, whatever it finds. */
  async run(): Promise<SyncReport> {
    const [journal, crypto] = [await this.journal(), stubCrypto(this.#key, this.#server.random)]
    const keyOf = (one: Uint8Array) => this.#server.keys.get(toHex(one)) ?? null
    const server = this.through(this.#server.portFor(this.id, this.pageBytes))
    return new ReplicaEngine({
      ...{ account: alice, server, journal, crypto, sealing: stubSealing(this.epochs) },
      ...{ devices: replicaDevices(this.id, keyOf), clock: { now: () => this.now } },
      newestFirst: this.newestFirst,
    }).sync()
  }

  /** As after the program ended and was started again. */
  async restart(meanwhile: () => void = () => undefined): Promise<void> {
    await this.history.close()
    meanwhile()
    this.history = this.test.open()
    this.#journal = null
  }

  /** Remembers the disk as it is now, for {@link setBackDisk}. */
  keepDisk(): Promise<void> {
    return this.restart(() => cpSync(this.test.path, `${this.test.path}.kept`))
  }

  setBackDisk(): Promise<void> {
    return this.restart(() => cpSync(`${this.test.path}.kept`, this.test.path))
  }

  /** Another one that has a copy of this one's disk, and its keys. */
  async clone(name: string): Promise<HistoryDevice> {
    const copy = new HistoryDevice(this.#server, name)
    copy.test.key.set(this.test.key)
    copy.#key = this.#key
    copy.id = this.id
    copy.skew = this.skew
    await this.restart(() => cpSync(this.test.path, `${this.test.path}.copy`))
    await copy.restart(() => {
      for (const beside of ['-wal', '-shm']) rmSync(`${copy.test.path}${beside}`, { force: true })
      renameSync(`${this.test.path}.copy`, copy.test.path)
    })
    return copy
  }

  /** Goes on under another id, with everything of the last 60 days once more, as a person does who was told to. */
  async rejoin(name: string): Promise<void> {
    this.#takeName(name)
    await this.history.writer.replica.beginAgain(alice)
    this.#journal = null
  }

  /** What the person sees, without what is of this device alone. */
  views(): Promise<HistoryViews> {
    return viewsOf(this.history.reader)
  }

  remove(): Promise<void> {
    return this.test.remove()
  }

  #takeName(name: string): void {
    this.#key = stubHash(utf8(name))
    this.id = stubHash(this.#key).subarray(0, 16)
    this.#server.keys.set(toHex(this.id), this.#key)
  }
}

export interface HistoryViews {
  readonly messages: readonly MessageView[]
  readonly [other: string]: unknown
}

async function viewsOf(reader: HistoryReaderPort): Promise<HistoryViews> {
  const { conversations } = await reader.conversations()
  const sorted = conversations.toSorted((a, b) => a.id.localeCompare(b.id))
  const pages = await Promise.all(
    sorted.map(({ id }) => reader.page({ conversationId: id, anchor: { at: 'newest' }, limit: 10_000 })),
  )
  return {
    conversations: sorted.map(({ draft: _draft, lastAt: _lastAt, ...view }) => view),
    contacts: (await reader.contacts()).toSorted((a, b) => a.aor.localeCompare(b.aor)),
    messages: pages.flatMap(({ messages }) => messages),
    searches: await reader.savedSearches(),
  }
}
