/** Devices of one account, a server and a bad network, all from one seed. */
import { equalBytes, toHex, utf8 } from '#shared/bytes/bytes.ts'
import { decodeBatch } from '#shared/replication/batch.ts'
import { decodeHeader } from '#shared/replication/envelope.ts'
import type { Tombstone } from '#shared/replication/head.ts'
import { ReplicaEngine } from '#main/replication/engine.ts'
import type { ReplicaFault } from '#main/replication/faults.ts'
import { graceMs } from '#main/replication/heads/heard-heads.ts'
import type { PushAnswer, ReplicaServerPort, SealingPort } from '#main/replication/ports.ts'
import { takeBatch } from '#server/replica/take-batch.ts'
import { MemoryReplicaJournal } from '#test/fakes/memory-replica-journal.ts'
import { replicaDevices } from '#test/fakes/replica-devices.ts'
import { MemoryReplicaStore } from '#test/fakes/memory-replica-store.ts'
import type { DeviceSecrets, Secrets } from './secrets.ts'
import { WorldHeads } from './world-heads.ts'

const account = 'sip:alice@example.org'
const dayMs = 86_400_000
const retentionDays = 60
const start = Date.UTC(2027, 0, 1)

/** What may happen in a world beside loss, repetition, reordering, crashes and partitions. */
export interface WorldOptions {
  readonly seed: number
  /** Days pass, and the server drops what is too old. */
  readonly ageing: boolean
  /** Clocks of devices jump by years. */
  readonly clockJumps: boolean
  /** The server goes back to a backup. */
  readonly rollbacks: boolean
  /** Devices come back with the disk they had some time ago. */
  readonly restoredDisks: boolean
  /** What the server shows as the newest is old, mixed up, repeated, or changed. */
  readonly liesAboutNewest: boolean
  /** Devices tell each other directly how far they are. */
  readonly heads: boolean
  /** The server shows some devices another world than the others, from the start. */
  readonly isSplit: boolean
  /** A disk is copied, and the copy is shown the other world. */
  readonly copiedDisks: boolean
  readonly secrets: Secrets
  /** Other journals and another store: some that do not what they promise, to see that it is found. */
  readonly planted?: { readonly Journal?: typeof MemoryReplicaJournal; readonly Store?: typeof MemoryReplicaStore }
}

interface Device {
  secrets: DeviceSecrets
  /** What the server shows it. */
  readonly store: MemoryReplicaStore
  journal: MemoryReplicaJournal
  engine: ReplicaEngine
  readonly known: Set<number>
  online: boolean
  clockSkew: number
  /** Grows with each crash: calls of an earlier life go nowhere. */
  life: number
}

class Crashed extends Error {}
class Unreachable extends Error {}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export class World {
  readonly #options: WorldOptions
  readonly #random: () => number
  /** One, or the two worlds of a server that lies. */
  readonly #stores: readonly MemoryReplicaStore[]
  readonly #heads: WorldHeads<Device>
  readonly #devices: Device[] = []
  readonly #keys = new Map<string, Uint8Array>()
  readonly #keyOf = (device: Uint8Array): Uint8Array | null => this.#keys.get(toHex(device)) ?? null
  /** Calls on their way, answered in any order. */
  readonly #waiting: (() => void)[] = []
  readonly #running = new Set<Promise<void>>()
  /** Every content that a device observed and did not lose with its disk. */
  readonly #said = new Set<string>()
  readonly #everSaid = new Set<string>()
  readonly #erased: Tombstone[] = []
  readonly #erasedTexts = new Set<string>()
  /** Of devices that began again. */
  readonly #pastFaults: ReplicaFault[] = []
  #restoreServer: (() => void) | null = null
  #now = start
  #count = 0
  #epoch = 1
  #isCalm = false
  /** No exchange has brought or found anything since this was set. */
  #isQuiet = false
  wasRolledBack = false
  hasForged = false
  wasRestored = false

  constructor(options: WorldOptions) {
    this.#options = options
    this.#random = seeded(options.seed)
    const { Store = MemoryReplicaStore } = options.planted ?? {}
    const newStore = () => new Store(() => Math.floor(this.#now / dayMs))
    this.#stores = options.isSplit ? [newStore(), newStore()] : [newStore()]
    this.#heads = new WorldHeads({
      ...{ account, secrets: options.secrets, keyOf: this.#keyOf, now: () => this.#now },
      cryptoOf: (secrets) => options.secrets.cryptoOf(secrets, this.#random),
    })
    const devices = 2 + this.#pick(3)
    for (let device = 0; device < devices; device += 1) this.#addDevice()
  }

  /** Lets `steps` things happen, then lets everything arrive. */
  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      this.#happen()
      await this.#arrive(this.#pick(12))
    }
    await this.#settle()
  }

  // What is checked

  #contents: readonly (readonly string[])[] | null = null

  /** What each device that still writes has in the end, in no order. */
  contents(): readonly (readonly string[])[] {
    this.#contents ??= this.#devices.map(({ journal }) => journal.contents().map(textOf))
    return this.#contents
  }

  /** What was said and is neither lost with a disk nor erased. */
  said(): readonly string[] {
    return [...this.#said].filter((text) => !this.#erasedTexts.has(text))
  }

  /** Everything that was ever said. */
  everSaid(): readonly string[] {
    return [...this.#everSaid]
  }

  /** Bodies that did not come and that nothing explains. */
  unexplained(): number {
    return this.#devices.reduce((count, { journal }) => count + journal.missing().length, 0)
  }

  faults(): readonly ReplicaFault[] {
    return [...this.#pastFaults, ...this.#devices.flatMap(({ journal }) => journal.faults())]
  }

  /** What can still be read at the server. */
  async stored(): Promise<readonly string[]> {
    const envelopes = await this.#envelopes()
    const texts = envelopes.flatMap(({ header, body }) => (body === null ? [] : [this.#textIn(header, body)]))
    return texts.filter((text) => text !== '')
  }

  /** Bodies that were to be erased and are at the server all the same. */
  async notErased(): Promise<number> {
    const left = (await this.#envelopes()).filter(({ header, body }) => {
      const { device, seq } = decodeHeader(header)
      return body !== null && this.#erased.some((erased) => erased.seq === seq && equalBytes(erased.device, device))
    })
    return left.length
  }

  /** How often what one device said of itself and others last is not confirmed by another one that hears of it. */
  unconfirmed(): number {
    return this.#pairs().filter(([device, other]) => !this.#heads.isConfirmed(device, other)).length
  }

  /** Devices that the server hides from others, and those of them that are named. */
  hidden(): { readonly all: readonly string[]; readonly named: readonly string[] } {
    const name = (device: Device, hidden: Uint8Array) => `${toHex(hidden)} from ${toHex(device.secrets.id)}`
    const wrote = this.#pairs().filter(([device, other]) => device.store !== other.store && isHeard(other))
    const named = this.#devices.flatMap((device) =>
      device.journal.faults().flatMap((fault) => (fault.kind === 'withheld' ? [name(device, fault.device)] : [])),
    )
    const all = wrote.map(([device, other]) => name(device, other.secrets.id))
    return { all: all.sort(), named: [...new Set(named)].sort() }
  }

  /** What was found of the id that two devices write under; `isForked`: others in either world have read what only one of them wrote. */
  async copied(): Promise<{ readonly isForked: boolean; readonly found: readonly string[] }> {
    const copied = this.#copied
    if (copied === null) return { isForked: false, found: [] }
    const isIt = ({ device }: { readonly device: Uint8Array }) => equalBytes(device, copied.id)
    const heads = await Promise.all(this.#stores.map(async (store) => (await store.heads(account)).find(isIt)))
    const others = this.#stores.map((store) => this.#devices.filter((other) => other.store === store))
    const isForked =
      heads.every((head) => head !== undefined && head.seq > copied.seq) && others.every((all) => all.length > 1)
    return {
      isForked,
      found: this.faults()
        .filter(isIt)
        .map(({ kind }) => kind),
    }
  }

  #pairs(): readonly (readonly [Device, Device])[] {
    const others = (device: Device) => this.#devices.filter((other) => other !== device)
    return this.#devices.flatMap((device) => others(device).map((other) => [device, other] as const))
  }

  async #envelopes() {
    const all = { after: [], maxBytes: Number.MAX_SAFE_INTEGER }
    const pages = await Promise.all(this.#stores.map((store) => store.page(account, all)))
    return pages.flatMap(({ batches }) => batches).flatMap(({ bytes }) => decodeBatch(bytes).envelopes)
  }

  // What happens

  #happen(): void {
    const device = this.#any(this.#devices)
    if (this.#options.heads) this.#talk(device)
    const what = this.#random()
    if (what < 0.3) this.#observe(device)
    else if (what < 0.66) this.#sync(device)
    else if (what < 0.74) this.#crash(device)
    else if (what < 0.8) device.online = !device.online
    else if (what < 0.86) this.#newEpoch()
    else if (what < 0.9) this.#erase(device)
    else this.#rare(device)
  }

  #rare(device: Device): void {
    const { ageing, clockJumps, rollbacks } = this.#options
    const kind = this.#pick(5)
    if (kind === 0) this.#pass(ageing ? this.#pick(70) * dayMs : 3_600_000)
    if (kind === 1 && clockJumps) device.clockSkew = (this.#pick(9) - 4) * 365 * dayMs
    if (kind === 2 && rollbacks) this.#rollBack()
    if (kind === 3) this.#touchDisk(device)
    if (kind === 4 && this.#devices.length < 5) this.#addDevice()
  }

  /** Now and then says how far it is to those that are reached, or something that was said arrives. */
  #talk(device: Device): void {
    if (this.#random() < 0.15) this.#heads.tell(device, this.#reached(device))
    if (this.#random() < 0.3) this.#heads.deliver((count) => this.#pick(count))
  }

  #reached(device: Device): readonly Device[] {
    return this.#devices.filter((other) => other !== device && this.#random() < 0.7)
  }

  #observe(device: Device): void {
    for (let many = 1 + this.#pick(4); many > 0; many -= 1) {
      const text = `said ${++this.#count} ${'x'.repeat(this.#pick(200))}`
      device.journal.observe(utf8(text))
      this.#said.add(text)
      this.#everSaid.add(text)
    }
  }

  #sync(device: Device): void {
    const { life } = device
    const run = device.engine.sync().then(
      ({ pushed, read, faults, stopped }) => {
        if (pushed + read + faults.length > 0) this.#isQuiet = false
        if (this.#options.heads && device.life === life) this.#heads.settle(device)
        if (stopped && device.life === life) this.#rejoin(device)
      },
      (error: unknown) => {
        this.#isQuiet = false
        if (!(error instanceof Unreachable || error instanceof Crashed)) throw error
      },
    )
    const tracked: Promise<void> = run.finally(() => this.#running.delete(tracked))
    this.#running.add(tracked)
  }

  #crash(device: Device): void {
    device.life += 1
    device.engine = this.#engineOf(device)
  }

  #newEpoch(): void {
    this.#epoch += 1
    const writer = this.#any(this.#devices)
    writer.known.add(this.#epoch)
  }

  /** A body of anybody's is to be forgotten. */
  #erase(device: Device): void {
    const bodies = this.#bodies.filter(({ store }) => store === device.store)
    const body = bodies.length === 0 ? undefined : this.#any(bodies)
    if (body === undefined) return
    device.journal.erase(body.body)
    this.#erased.push(body.body)
    this.#erasedTexts.add(body.text)
  }

  /** Pushed so far, as far as the server's own bookkeeping goes. */
  readonly #bodies: { readonly body: Tombstone; readonly text: string; readonly store: MemoryReplicaStore }[] = []

  #pass(ms: number): void {
    this.#now += ms
    for (const store of this.#stores) void store.dropBefore(Math.floor(this.#now / dayMs) - retentionDays)
  }

  #rollBack(): void {
    if (this.#restoreServer === null) {
      const restores = this.#stores.map((store) => store.backup())
      this.#restoreServer = () => {
        for (const restore of restores) restore()
      }
      return
    }
    this.#restoreServer()
    this.#restoreServer = null
    this.wasRolledBack = true
  }

  /** Journals as they were, with the keys on the same disk. */
  readonly #disks = new Map<Device, Pick<Device, 'journal' | 'secrets'>>()

  #touchDisk(device: Device): void {
    const { restoredDisks, copiedDisks } = this.#options
    if (restoredDisks) this.#restoreDisk(device)
    if (copiedDisks && this.#copied === null) this.#copyDisk(device)
  }

  #restoreDisk(device: Device): void {
    const old = this.#disks.get(device)
    if (old === undefined) {
      this.#disks.set(device, { journal: this.#newJournal(device.journal), secrets: device.secrets })
      return
    }
    this.#disks.delete(device)
    const kept = new Set(old.journal.contents().map(textOf))
    // What no server has confirmed is lost with the disk.
    for (const content of device.journal.unconfirmed())
      if (!kept.has(textOf(content))) this.#said.delete(textOf(content))
    device.journal = old.journal
    device.secrets = old.secrets
    this.wasRestored = true
    this.#crash(device)
  }

  #copied: { readonly id: Uint8Array; readonly seq: number } | null = null

  #copyDisk(device: Device): void {
    const store = this.#stores.find((one) => one !== device.store) ?? device.store
    const copy = { ...device, store, journal: this.#newJournal(device.journal), known: new Set(device.known) }
    this.#copied = { id: device.secrets.id, seq: device.journal.own()?.seq ?? 0 }
    copy.engine = this.#engineOf(copy)
    this.#devices.push(copy)
  }

  /** A device that may not go on under its id begins again under another, with what it had. */
  #rejoin(device: Device): void {
    const { journal } = device
    this.#pastFaults.push(...journal.faults())
    device.life += 1
    device.journal = this.#newJournal(undefined, journal.contents())
    device.secrets = this.#newSecrets()
    for (const content of journal.unconfirmed()) device.journal.observe(content)
    device.engine = this.#engineOf(device)
  }

  #addDevice(): void {
    const device: Device = {
      store: this.#stores[this.#options.isSplit ? this.#pick(2) : 0] ?? this.#any(this.#stores),
      ...{ secrets: this.#newSecrets(), journal: this.#newJournal(), known: new Set([this.#epoch]) },
      ...{ online: true, clockSkew: 0, life: 0, engine: undefined as unknown as ReplicaEngine },
    }
    device.engine = this.#engineOf(device)
    this.#devices.push(device)
  }

  #newJournal(...copy: ConstructorParameters<typeof MemoryReplicaJournal>): MemoryReplicaJournal {
    const { Journal = MemoryReplicaJournal } = this.#options.planted ?? {}
    return new Journal(...copy)
  }

  #newSecrets(): DeviceSecrets {
    const secrets = this.#options.secrets.device(`key ${this.#keys.size} ${this.#options.seed}`)
    this.#keys.set(toHex(secrets.id), secrets.publicKey)
    return secrets
  }

  #engineOf(device: Device): ReplicaEngine {
    const { life, journal, secrets } = device
    if (this.#options.heads) this.#heads.start(device)
    return new ReplicaEngine({
      ...{ account, journal, server: this.#serverFor(device, life), sealing: this.#sealingOf(device) },
      crypto: this.#options.secrets.cryptoOf(secrets, this.#random),
      ...(this.#options.heads ? { heard: () => this.#heads.claims(device) } : {}),
      devices: replicaDevices(secrets.id, this.#keyOf),
      clock: { now: () => this.#now + device.clockSkew },
      newestFirst: { from: 2, bytes: 900 },
    })
  }

  #sealingOf({ known }: Device): SealingPort {
    return this.#options.secrets.sealingOf(known)
  }

  // The network

  #serverFor(device: Device, life: number): ReplicaServerPort {
    const { secrets, store } = device
    const call = async <T>(work: () => Promise<T>): Promise<T> => {
      const alive = (): void => {
        if (device.life !== life) throw new Crashed()
        if (!this.#isCalm && (!device.online || this.#random() < 0.08)) throw new Unreachable()
      }
      await this.#turn()
      alive()
      // A request may be carried out twice: what was lost on the way is sent again below.
      if (!this.#isCalm && this.#random() < 0.08) await work()
      const answer = await work()
      await this.#turn()
      alive()
      return answer
    }
    return {
      heads: () => call(() => store.heads(account)),
      page: (after) =>
        call(async () => {
          const page = await store.page(account, { after, maxBytes: 700 })
          return { batches: page.batches.map(({ bytes }) => bytes), end: page.end }
        }),
      newest: (maxBytes) => call(() => this.#newest(store, maxBytes)),
      push: (bytes, begins) => call(() => this.#take(bytes, { secrets, begins, store })),
    }
  }

  async #newest(store: MemoryReplicaStore, maxBytes: number): Promise<readonly Uint8Array[]> {
    if (this.#isCalm || !this.#options.liesAboutNewest)
      return (await store.newest(account, maxBytes)).map(({ bytes }) => bytes)
    const { batches } = await store.page(account, { after: [], maxBytes: Number.MAX_SAFE_INTEGER })
    const any = Array.from({ length: batches.length === 0 ? 0 : this.#pick(6) }, () => this.#any(batches).bytes)
    return any.map((bytes) => (this.#random() < 0.2 ? this.#forge(bytes) : bytes))
  }

  #forge(bytes: Uint8Array): Uint8Array {
    this.hasForged = true
    const at = this.#pick(bytes.length)
    return bytes.with(at, (bytes[at] ?? 0) ^ (1 + this.#pick(255)))
  }

  async #take(
    bytes: Uint8Array,
    { secrets, begins, store }: Pick<Device, 'secrets' | 'store'> & { readonly begins: boolean },
  ): Promise<PushAnswer> {
    const crypto = this.#options.secrets.cryptoOf(secrets, this.#random)
    const check = {
      account,
      begins,
      sender: secrets.id,
      keyOf: this.#keyOf,
      crypto,
    }
    const taken = await takeBatch(store, bytes, check)
    if (!taken.ok) throw new Error(`the server refused a batch as ${taken.error}`)
    if (taken.value.kind === 'stored') this.#noteBodies(bytes, store)
    if (taken.value.kind === 'stored' || taken.value.kind === 'repeated') return { kind: 'taken' }
    return { kind: 'refused', head: 'head' in taken.value ? taken.value.head : null }
  }

  #textIn(header: Uint8Array, body: Uint8Array): string {
    return textOf(this.#options.secrets.open(header, body))
  }

  #noteBodies(bytes: Uint8Array, store: MemoryReplicaStore): void {
    for (const { header, body } of decodeBatch(bytes).envelopes) {
      const { device, seq, bodyHash } = decodeHeader(header)
      if (body !== null) this.#bodies.push({ body: { device, seq, bodyHash }, store, text: this.#textIn(header, body) })
    }
  }

  async #turn(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Lets up to `most` calls go on, any of those on their way. */
  async #arrive(most: number): Promise<void> {
    for (let count = 0; count < most && this.#waiting.length > 0; count += 1) {
      this.#waiting.splice(this.#pick(this.#waiting.length), 1)[0]?.()
      await rest()
    }
  }

  async #drain(): Promise<void> {
    while (this.#running.size > 0) {
      if (this.#waiting.length === 0) await rest()
      await this.#arrive(Infinity)
    }
  }

  /** Nothing is lost any more, every key arrives, clocks are right, and everybody asks as often as it takes. */
  async #settle(): Promise<void> {
    await this.#drain()
    this.#isCalm = true
    for (const device of this.#devices) {
      device.clockSkew = 0
      for (let epoch = 1; epoch <= this.#epoch; epoch += 1) device.known.add(epoch)
      const sealing = this.#sealingOf(device)
      device.journal.openWaiting((header, body) => sealing.open(header, body))
    }
    await this.#syncAll()
    if (!this.#options.heads) return
    for (const device of this.#devices) this.#heads.hearAgain(device)
    for (const device of this.#devices)
      this.#heads.tell(
        device,
        this.#devices.filter((other) => other !== device),
      )
    this.#heads.deliverAll()
    // What is due now was not there when there was time enough.
    this.#pass(graceMs)
    await this.#syncAll()
  }

  async #syncAll(): Promise<void> {
    this.#isQuiet = false
    for (let round = 0; round < 4 && !this.#isQuiet; round += 1) {
      this.#isQuiet = true
      for (const device of this.#devices) await this.#syncAlone(device)
    }
  }

  /** Only this exchange is under way: what waits next is the next call of it. */
  async #syncAlone(device: Device): Promise<void> {
    this.#sync(device)
    while (this.#running.size > 0) {
      await Promise.resolve()
      this.#waiting.pop()?.()
    }
  }

  #pick(count: number): number {
    return Math.floor(this.#random() * count)
  }

  #any<T>(list: readonly T[]): T {
    const one = list[this.#pick(list.length)]
    if (one === undefined) throw new Error('nothing to choose from')
    return one
  }
}

/** A server has confirmed something of it. */
const isHeard = ({ journal }: Device): boolean => journal.confirmed() > 0

const decoder = new TextDecoder()
const textOf = (bytes: Uint8Array): string => decoder.decode(bytes)

/** Until everything that waits for nobody has run. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 24; turn += 1) await Promise.resolve()
}
