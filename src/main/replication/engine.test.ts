import { beforeEach, describe, expect, it } from 'vitest'
import { equalBytes, utf8 } from '#shared/bytes/bytes.ts'
import { decodeBatch, encodeBatch, type Batch } from '#shared/replication/batch.ts'
import { decodeHeader } from '#shared/replication/envelope.ts'
import { decodeHead } from '#shared/replication/head.ts'
import { takeBatch } from '#server/replica/take-batch.ts'
import { MemoryReplicaJournal } from '#test/fakes/memory-replica-journal.ts'
import { MemoryReplicaStore } from '#test/fakes/memory-replica-store.ts'
import { seeded } from '#test/integration/replication/world.ts'
import { stubCrypto, stubHash, stubSealing } from '#test/integration/replication/stub-crypto.ts'
import { ReplicaEngine, type SyncProgress } from './engine.ts'
import type { ReplicaDevices, ReplicaServerPort } from './ports.ts'

const account = 'sip:alice@example.org'
const dayMs = 86_400_000
const random = seeded(7)
/** What a server makes of the batches it is asked for. */
type Tamper = (batches: readonly Uint8Array[]) => readonly Uint8Array[]
let now: number
let store: MemoryReplicaStore
let tamper: Tamper
/** The same for what is to be shown first. */
let tamperNewest: Tamper
let devices: Map<string, Uint8Array>

class Device {
  readonly key: Uint8Array
  readonly id: Uint8Array
  journal = new MemoryReplicaJournal()
  readonly epochs = { newest: 1, known: new Set([1]) }

  constructor(name: string) {
    this.key = stubHash(utf8(name))
    this.id = stubHash(this.key).subarray(0, 16)
    devices.set(String(this.id), this.key)
  }

  /** Sealing waits for a key. */
  maySeal = true
  /** What the chain says of other devices' ends. */
  readonly ends = new Map<string, number>()
  /** Devices that are known only after another look at the chain. */
  readonly late = new Set<string>()
  progress: SyncProgress[] = []
  /** The server does what it is asked, and nobody hears of it. */
  isAnswerLost = false

  sync() {
    return this.engine().sync()
  }

  engine(): ReplicaEngine {
    const { key, id, journal, ends, late } = this
    const keyOf = (device: Uint8Array) => devices.get(String(device)) ?? null
    const known: ReplicaDevices = {
      own: id,
      keyOf: (device) => (late.has(String(device)) ? null : keyOf(device)),
      countsUntil: (device) => ends.get(String(device)) ?? null,
      refresh: () => {
        late.clear()
        return Promise.resolve()
      },
    }
    const parts = { account, journal, crypto: stubCrypto(key, random), sealing: stubSealing(this.epochs) }
    const server: ReplicaServerPort = {
      heads: () => store.heads(account),
      page: async (after) => {
        const { batches, end } = await store.page(account, { after, maxBytes: 4096 })
        return { batches: tamper(batches.map(({ bytes }) => bytes)), end }
      },
      newest: async (maxBytes) => tamperNewest((await store.newest(account, maxBytes)).map(({ bytes }) => bytes)),
      push: async (bytes, begins) => {
        const taken = await takeBatch(store, bytes, { account, sender: id, begins, keyOf, crypto: parts.crypto })
        if (!taken.ok) throw new Error(taken.error)
        if (this.isAnswerLost) throw new Error('the answer was lost')
        return taken.value.kind === 'stored' || taken.value.kind === 'repeated'
          ? { kind: 'taken' }
          : { kind: 'refused', head: 'head' in taken.value ? taken.value.head : null }
      },
    }
    return new ReplicaEngine({
      ...{ ...parts, server, devices: known, clock: { now: () => now }, maySeal: () => this.maySeal },
      newestFirst: { from: 5, bytes: 2000 },
      progress: (progress) => this.progress.push(progress),
    })
  }

  async say(...texts: readonly string[]): Promise<void> {
    for (const text of texts) this.journal.observe(utf8(text))
    await this.sync()
  }

  get texts(): readonly string[] {
    return this.journal.contents().map((content) => new TextDecoder().decode(content))
  }

  /** What was found, without who and where. */
  get faults(): readonly string[] {
    return this.journal.faults().map(({ kind }) => kind)
  }
}

let ann: Device
let bob: Device

beforeEach(() => {
  now = Date.UTC(2027, 0, 1)
  devices = new Map()
  store = new MemoryReplicaStore(() => Math.floor(now / dayMs))
  tamper = (batches) => batches
  tamperNewest = tamper
  ;[ann, bob] = [new Device('ann'), new Device('bob')]
})

const of = (bytes: Uint8Array) => decodeHead(decodeBatch(bytes).head)
const changed = (bytes: Uint8Array, change: (batch: Batch) => Batch): Uint8Array =>
  encodeBatch(change(decodeBatch(bytes)))

/** Lets days go by, and the server drop what is too old. */
async function pass(days: number): Promise<void> {
  now += days * dayMs
  await store.dropBefore(Math.floor(now / dayMs) - 60)
}

describe('two devices', () => {
  it('have what either says, in its order', async () => {
    await ann.say('one', 'two')
    await bob.say('three')
    await ann.sync()
    expect([ann.texts, bob.texts]).toEqual([
      ['one', 'two', 'three'],
      ['three', 'one', 'two'],
    ])
  })

  it('know what a server has of them also where its answer was lost', async () => {
    ann.journal.observe(utf8('one'))
    ann.isAnswerLost = true
    await expect(ann.sync()).rejects.toThrow('the answer was lost')
    expect(ann.journal.confirmed()).toBe(0)
    ann.isAnswerLost = false
    await ann.sync()
    expect([ann.journal.own()?.seq, ann.journal.confirmed(), ann.faults]).toEqual([1, 1, []])
  })

  it('are known to each other from the moment the chain has them', async () => {
    bob.late.add(String(ann.id))
    await ann.say('here I am')
    await bob.sync()
    expect([bob.texts, bob.faults]).toEqual([['here I am'], []])
  })

  it('read a removed one up to its end, without alarm', async () => {
    await ann.say('before')
    bob.ends.set(String(ann.id), 1)
    await ann.say('after')
    await bob.sync()
    expect([bob.texts, bob.faults]).toEqual([['before'], []])
  })

  it('seal nothing before they may, and push it then', async () => {
    ann.maySeal = false
    await ann.say('patience')
    await bob.sync()
    expect([bob.texts, ann.journal.own()]).toEqual([[], null])
    ann.maySeal = true
    await ann.sync()
    await bob.sync()
    expect(bob.texts).toEqual(['patience'])
  })

  it('say how far a run is, and end it when told to, to go on later', async () => {
    for (const text of Array.from({ length: 40 }, (_, index) => `line ${index}`)) await ann.say(text)
    const engine = bob.engine()
    const running = engine.sync()
    engine.cancel()
    await expect(running).rejects.toThrow('cancelled')
    expect(bob.texts.length).toBeLessThan(40)
    await bob.sync()
    expect(bob.texts).toHaveLength(40)
    expect(bob.progress.at(-1)).toEqual({ doing: 'reading', done: 40, total: 40 })
  })

  it('read what was sealed with a key that comes later, once it is there', async () => {
    ann.epochs.newest = 2
    await ann.say('new times')
    await bob.sync()
    expect(bob.texts).toEqual([])
    bob.epochs.known.add(2)
    bob.journal.openWaiting((header, body) => stubSealing(bob.epochs).open(header, body))
    expect(bob.texts).toEqual(['new times'])
  })
})

describe('a server', () => {
  it('cannot put a word in anybody’s mouth', async () => {
    await ann.say('true')
    for (const lie of [
      (batch: Batch): Batch => ({ ...batch, signature: batch.signature.with(3, 9) }),
      (batch: Batch): Batch => ({
        ...batch,
        envelopes: batch.envelopes.map((one) => ({ ...one, body: utf8('false') })),
      }),
      (batch: Batch): Batch => ({ ...batch, head: batch.head.slice(1) }),
    ]) {
      tamper = (batches) => batches.map((bytes) => changed(bytes, lie))
      bob.journal = new MemoryReplicaJournal()
      await bob.sync()
      expect([bob.texts, bob.faults]).toEqual([[], ['forged']])
    }
  })

  it('cannot hold back what lies between, or what a sibling has seen', async () => {
    const cyd = new Device('cyd')
    for (const text of ['one', 'two', 'three']) await ann.say(text)
    tamper = (batches) => batches.filter((bytes) => of(bytes).seq !== 2)
    await bob.sync()
    expect([bob.texts, bob.faults]).toEqual([['one'], ['withheld']])
    tamper = (batches) => batches
    await bob.say('four')
    expect(bob.texts).toEqual(['four', 'one', 'two', 'three'])
    tamper = (batches) => batches.filter((bytes) => !equalBytes(of(bytes).device, ann.id))
    await cyd.sync()
    expect([cyd.texts, cyd.journal.faults()]).toEqual([
      ['four'],
      [{ kind: 'withheld', device: ann.id, first: 1, last: 3 }],
    ])
  })

  it('cannot hold back one body, but for what somebody has erased', async () => {
    await ann.say('keep', 'forget')
    const isForget = (body: Uint8Array | null) => body !== null && new TextDecoder().decode(body).startsWith('forget')
    tamper = (batches) =>
      batches.map((bytes) =>
        changed(bytes, (batch) => ({
          ...batch,
          envelopes: batch.envelopes.map((one) => (isForget(one.body) ? { ...one, body: null } : one)),
        })),
      )
    await bob.sync()
    expect([bob.texts, bob.faults]).toEqual([['keep'], ['body-withheld']])
    tamper = (batches) => batches
    const cyd = new Device('cyd')
    const { batches } = await store.page(account, { after: [], maxBytes: 4096 })
    const header = decodeHeader(
      decodeBatch(batches[0]?.bytes ?? new Uint8Array()).envelopes[1]?.header ?? new Uint8Array(),
    )
    ann.journal.erase({ device: header.device, seq: header.seq, bodyHash: header.bodyHash })
    await ann.sync()
    for (const device of [bob, cyd]) await device.sync()
    expect([cyd.texts, cyd.faults, bob.journal.missing()]).toEqual([['keep'], [], []])
  })

  it('cannot repeat or reorder to any effect', async () => {
    for (const text of ['one', 'two', 'three']) await ann.say(text)
    tamper = (batches) => [...batches, ...batches]
    await bob.sync()
    expect([bob.texts, bob.faults]).toEqual([['one', 'two', 'three'], []])
    const cyd = new Device('cyd')
    tamper = (batches) => batches.toReversed()
    for (let run = 0; run < 4; run += 1) await cyd.sync()
    expect(cyd.texts).toEqual([])
    expect(new Set(cyd.faults)).toEqual(new Set(['withheld']))
    tamper = (batches) => batches
    await cyd.sync()
    expect(cyd.texts).toEqual(['one', 'two', 'three'])
  })

  it('that lost what it had gets it again, and is told to have lost it', async () => {
    await ann.say('one')
    const goBack = store.backup()
    await ann.say('two')
    await bob.sync()
    goBack()
    const report = await ann.sync()
    expect(report).toMatchObject({ pushed: 1, stopped: false, faults: [{ kind: 'rolled-back', first: 2, last: 2 }] })
    const cyd = new Device('cyd')
    for (const device of [bob, cyd]) await device.sync()
    expect([cyd.texts, bob.texts, bob.faults]).toEqual([['one', 'two'], ['one', 'two'], []])
  })

  it('cannot show two histories of one device', async () => {
    await ann.say('one')
    const twin = new Device('ann')
    const elsewhere = store
    await bob.sync()
    // The other side of the fork, as only ann's own key could have written it.
    store = new MemoryReplicaStore(() => Math.floor(now / dayMs))
    await twin.say('another one')
    await twin.say('and more')
    await bob.sync()
    expect([bob.texts, bob.faults]).toEqual([['one'], ['forked']])
    expect(await twin.sync()).toMatchObject({ stopped: false })
    // A sibling that was shown the other side says so.
    const cyd = new Device('cyd')
    await cyd.say('seen')
    const said = (await store.page(account, { after: [{ device: ann.id, seq: 9 }], maxBytes: 4096 })).batches
    store = elsewhere
    tamper = (batches) => [...batches, ...said.map(({ bytes }) => bytes)]
    const dan = new Device('dan')
    await dan.sync()
    expect(dan.faults).toContain('withheld')
    tamper = (batches) => batches
    await ann.say('two')
    await dan.sync()
    expect([dan.texts, dan.faults]).toEqual([['one', 'seen'], expect.arrayContaining(['forked'])])
  })

  it('that has more of a device than the device itself stops it: its disk is a copy', async () => {
    await ann.say('one')
    const copy = new MemoryReplicaJournal(ann.journal)
    await ann.say('two')
    await bob.say('seen')
    ann.journal = copy
    ann.journal.observe(utf8('after the copy'))
    const report = await ann.sync()
    expect(report.stopped).toBe(true)
    expect(report.pushed).toBe(0)
    expect(new Set(report.faults.map(({ kind }) => kind))).toEqual(new Set(['ahead']))
  })
})

describe('a device that another one shows to be a copy', () => {
  it('stays stopped in later runs, and after a start, though server and disk went back together', async () => {
    await ann.say('one')
    const [disk, goBack] = [new MemoryReplicaJournal(ann.journal), store.backup()]
    await ann.say('two')
    await bob.sync()
    await bob.say('seen both')
    const said = (await store.page(account, { after: [{ device: ann.id, seq: 2 }], maxBytes: 4096 })).batches
    goBack()
    ann.journal = disk
    tamper = (batches) => [...batches, ...said.map(({ bytes }) => bytes)]
    const engine = ann.engine()
    ann.journal.observe(utf8('after the copy'))
    expect(await engine.sync()).toMatchObject({ stopped: true, pushed: 0 })
    tamper = (batches) => batches
    expect(await engine.sync()).toMatchObject({ stopped: true, pushed: 0 })
    expect(await ann.sync()).toMatchObject({ stopped: true, pushed: 0 })
    expect(ann.journal.own()?.seq).toBe(1)
  })
})

describe('the newest first', () => {
  const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`)
  const write = async (device: Device) => {
    for (const line of lines) await device.say(line)
  }
  /** Everything of `device` as it lies at the server. */
  const written = async (device: Device) => {
    const { batches } = await store.page(account, { after: [], maxBytes: Number.MAX_SAFE_INTEGER })
    return batches.map(({ bytes }) => bytes).filter((bytes) => equalBytes(of(bytes).device, device.id))
  }
  /** A run that ends before anything comes in its turn. */
  const firstGlance = async (device: Device) => {
    tamper = () => {
      throw new Error('gone')
    }
    await expect(device.sync()).rejects.toThrow('gone')
    tamper = (batches) => batches
  }

  it('are there before anything older, their place is not, and each is there once in the end', async () => {
    await write(ann)
    await firstGlance(bob)
    expect(bob.texts.length).toBeGreaterThan(1)
    expect(bob.texts).toEqual(lines.slice(-bob.texts.length))
    expect([bob.journal.places(), bob.journal.claims().map(({ seq }) => seq), bob.faults]).toEqual([[], [20], []])
    await firstGlance(bob)
    await bob.sync()
    expect([[...bob.texts].sort(), bob.faults]).toEqual([[...lines].sort(), []])
    expect(bob.journal.places().map(({ seq }) => seq)).toEqual([20])
  })

  it('are not asked for where everything comes at once', async () => {
    await ann.say(...lines.slice(0, 5))
    tamperNewest = () => {
      throw new Error('asked')
    }
    await bob.sync()
    expect(bob.texts).toHaveLength(5)
  })

  it('are nothing that nobody signed, and old ones shown as new do no harm', async () => {
    await write(ann)
    const old = (await written(ann))[2]!
    tamperNewest = ([newest, ...rest]) => [
      changed(newest!, (batch) => ({
        ...batch,
        envelopes: batch.envelopes.map((one) => ({ ...one, body: utf8('false') })),
      })),
      ...[old, old, ...rest.slice(0, 1)],
    ]
    await firstGlance(bob)
    expect([bob.texts, bob.faults]).toEqual([['line 18', 'line 2'], ['forged']])
    await bob.sync()
    expect([...bob.texts].sort()).toEqual([...lines].sort())
  })

  it('are nothing of a removed device, whose end only reading in order finds', async () => {
    await write(ann)
    bob.ends.set(String(ann.id), 7)
    await firstGlance(bob)
    expect([bob.texts, bob.faults]).toEqual([[], []])
    await bob.sync()
    expect(bob.texts).toEqual(lines.slice(0, 7))
  })

  it('that the server does not have afterwards are named', async () => {
    await write(ann)
    await firstGlance(bob)
    tamper = (batches) => batches.filter((bytes) => of(bytes).seq < 12)
    await bob.sync()
    expect(bob.journal.faults()).toEqual([{ kind: 'withheld', device: ann.id, first: 12, last: 20 }])
  })

  it('of another history than comes in its turn are named, also after a restart', async () => {
    const twin = new Device('ann')
    await write(twin)
    const other = (await written(twin)).at(-1)!
    store = new MemoryReplicaStore(() => Math.floor(now / dayMs))
    for (const line of lines) await ann.say(`true ${line}`)
    tamperNewest = () => [other]
    await firstGlance(bob)
    expect(bob.texts).toEqual(['line 19'])
    bob.journal = new MemoryReplicaJournal(bob.journal)
    tamperNewest = (batches) => batches
    await bob.sync()
    expect(bob.journal.faults()).toContainEqual({ kind: 'forked', device: ann.id, seq: 20 })
    expect(bob.journal.places().map(({ seq }) => seq)).toEqual([19])
  })

  it('of another history than was read before are not taken', async () => {
    await ann.say('true')
    await bob.sync()
    const twin = new Device('ann')
    store = new MemoryReplicaStore(() => Math.floor(now / dayMs))
    await twin.say('one')
    await twin.say('two')
    const other = (await written(twin)).at(-1)!
    await write(ann)
    tamperNewest = () => [other]
    await bob.sync()
    expect(bob.texts).not.toContain('two')
    expect(bob.faults).toContain('forked')
  })

  it('show nothing that one of them says is to be forgotten', async () => {
    await write(ann)
    const bodies = await written(ann)
    const last = decodeHeader(decodeBatch(bodies.at(-1)!).envelopes[0]!.header)
    ann.journal.erase({ device: last.device, seq: last.seq, bodyHash: last.bodyHash })
    await ann.sync()
    // A server that keeps the body all the same.
    tamperNewest = ([erasing, _without, ...rest]) => [erasing!, bodies.at(-1)!, ...rest]
    await firstGlance(bob)
    expect(bob.texts).not.toContain('line 19')
    expect(bob.texts).toContain('line 18')
  })
})

describe('away for long', () => {
  it.each([61, 400])('%i days: what is too old is missing without an alarm, the rest is read', async (days) => {
    await ann.say('one')
    await bob.sync()
    await ann.say('two')
    await pass(days)
    await ann.say('three')
    await bob.sync()
    expect([bob.texts, bob.faults]).toEqual([['one', 'three'], []])
  })

  it('hears of what is missing though it is not too old', async () => {
    await ann.say('one')
    await bob.sync()
    await ann.say('two')
    await pass(61)
    await ann.say('three')
    await ann.say('four')
    tamper = (batches) => batches.filter((bytes) => of(bytes).seq !== 3)
    await bob.sync()
    expect([bob.texts, bob.faults]).toEqual([['one'], ['withheld']])
  })

  it('goes on writing where it was, though the server has nothing of it any more', async () => {
    await ann.say('one')
    await pass(100)
    await ann.say('two')
    await bob.sync()
    expect([bob.texts, bob.faults, ann.faults]).toEqual([['two'], [], []])
  })
})
