/** Devices that tell each other how far they are, with a server between them that may show each another world. */
import { beforeEach, describe, expect, it } from 'vitest'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { concatBytes, equalBytes, utf8 } from '#shared/bytes/bytes.ts'
import { decodeBatch } from '#shared/replication/batch.ts'
import { decodeHead } from '#shared/replication/head.ts'
import { takeBatch } from '#server/replica/take-batch.ts'
import { MemoryReplicaJournal } from '#test/fakes/memory-replica-journal.ts'
import { MemoryReplicaStore } from '#test/fakes/memory-replica-store.ts'
import { seeded } from '#test/integration/replication/world.ts'
import { stubCrypto, stubHash, stubSealing } from '#test/integration/replication/stub-crypto.ts'
import { ReplicaEngine } from '../engine.ts'
import { EpochKeyring } from '../epoch-keyring.ts'
import type { HeadsDevices, HeardNotes } from './heads-ports.ts'
import { graceMs, HeardHeads } from './heard-heads.ts'
import { writeHeads } from './write-heads.ts'

const account = 'sip:alice@example.org'
const dayMs = 86_400_000
const random = seeded(11)
const links = ['link 0', 'link 1'].map((name) => toBase64Url(stubHash(utf8(name))))
let now: number
let store: MemoryReplicaStore
let all: Map<string, Uint8Array>

class Device {
  readonly key: Uint8Array
  readonly id: Uint8Array
  readonly keyring = new EpochKeyring()
  journal = new MemoryReplicaJournal()
  heard: HeardHeads
  /** Devices of which the server shows this one nothing. */
  hidden: readonly Device[] = []
  removed: readonly Device[] = []
  /** The newest that its chain has. */
  epoch = 1
  chain = { length: 2, head: links[1]!, known: new Set(links) }

  constructor(name: string) {
    this.key = stubHash(utf8(name))
    this.id = stubHash(this.key).subarray(0, 16)
    this.keyring.add(1, new Uint8Array(32).fill(1))
    all.set(String(this.id), this.key)
    this.heard = this.open({ heard: {}, confirmed: {} })
  }

  /** The program starts. */
  open(notes: HeardNotes): HeardHeads {
    const isRemoved = (id: Uint8Array) => this.removed.some((device) => equalBytes(device.id, id))
    const devices: HeadsDevices = {
      own: this.id,
      keyOf: (id) => (isRemoved(id) ? null : (all.get(String(id)) ?? null)),
      isListed: (id) => all.has(String(id)),
      countsUntil: () => null,
      hasLink: (hash) => this.chain.known.has(hash),
      epoch: () => this.epoch,
    }
    const clock = { now: () => now, monotonic: () => now }
    const journal = {
      own: () => this.journal.own(),
      places: () => this.journal.places(),
      hashAt: (device: Uint8Array, seq: number) => this.journal.hashAt(device, seq),
    }
    const { keyring } = this
    this.heard = new HeardHeads({
      ...{ account, journal, devices, clock, notes },
      ...{ sealing: keyring, crypto: stubCrypto(this.key, random) },
    })
    return this.heard
  }

  async sync(): Promise<void> {
    const crypto = stubCrypto(this.key, random)
    const keyOf = (device: Uint8Array) => all.get(String(device)) ?? null
    const isShown = (device: Uint8Array) => !this.hidden.some(({ id }) => equalBytes(id, device))
    const shown = (batches: readonly { readonly bytes: Uint8Array }[]) =>
      batches.map(({ bytes }) => bytes).filter((bytes) => isShown(decodeHead(decodeBatch(bytes).head).device))
    await new ReplicaEngine({
      ...{ account, crypto, journal: this.journal, clock: { now: () => now }, heard: () => this.heard.claims() },
      sealing: stubSealing({ newest: 1, known: new Set([1]) }),
      devices: { own: this.id, keyOf, countsUntil: () => null, refresh: () => Promise.resolve() },
      server: {
        heads: async () => (await store.heads(account)).filter(({ device }) => isShown(device)),
        page: async (after) => {
          const { batches, end } = await store.page(account, { after, maxBytes: 1_000_000 })
          return { batches: shown(batches), end }
        },
        newest: async (maxBytes) => shown(await store.newest(account, maxBytes)),
        push: async (bytes, begins) => {
          const taken = await takeBatch(store, bytes, { account, sender: this.id, begins, keyOf, crypto })
          return taken.ok && taken.value.kind === 'stored' ? { kind: 'taken' } : { kind: 'refused', head: null }
        },
      },
    }).sync()
    this.heard.settle()
  }

  async say(text: string): Promise<void> {
    this.journal.observe(utf8(text))
    await this.sync()
  }

  heads(over: { readonly at?: number; readonly device?: Uint8Array; readonly account?: string } = {}): Uint8Array {
    return writeHeads({
      ...{ account, device: this.id, journal: this.journal, at: now, sealing: this.keyring, ...over },
      ...{ chain: this.chain, crypto: stubCrypto(this.key, random) },
    })
  }

  /** What was found, without who and where. */
  get faults(): readonly string[] {
    return this.journal.faults().map(({ kind }) => kind)
  }

  confirmedBy(other: Device): number | undefined {
    return this.heard.notes().confirmed[toBase64Url(other.id)]
  }
}

let [desk, phone, tablet]: Device[] = []
const devices = () => [desk!, phone!, tablet!] as const

beforeEach(() => {
  now = Date.UTC(2027, 0, 1)
  all = new Map()
  store = new MemoryReplicaStore(() => Math.floor(now / dayMs))
  ;[desk, phone, tablet] = ['desk', 'phone', 'tablet'].map((name) => new Device(name))
})

describe('heads that come directly', () => {
  it('are of a device that is back where nothing was heard of it for two hours', () => {
    const [one, two] = devices()
    const hearings = [0, 1, 3_600_000, 7_200_000].map((ms) => {
      now += ms
      return two.heard.hear(one.heads())
    })
    expect(hearings).toEqual(['returned', 'taken', 'taken', 'returned'])
  })

  it('confirm what is here, at the time of whoever says so', async () => {
    const [one, two] = devices()
    await one.say('one')
    await two.sync()
    now += 5000
    expect(two.heard.hear(one.heads())).toBe('returned')
    two.heard.settle()
    expect(two.confirmedBy(one)).toBe(now)
    expect([two.heard.ahead(), two.heard.isWaiting]).toEqual([[], false])
  })

  it('of a device that is ahead for a moment are confirmed when its entries are read, without alarm', async () => {
    const [one, two] = devices()
    await one.say('one')
    const said = one.heads()
    const at = now
    expect(two.heard.hear(said)).toBe('returned')
    two.heard.settle()
    expect([two.confirmedBy(one), two.heard.isWaiting]).toEqual([undefined, true])
    now += 10 * graceMs
    await two.sync()
    expect([two.confirmedBy(one), two.heard.isWaiting, two.faults]).toEqual([at, false, []])
  })

  it('say nothing of what no server has confirmed', async () => {
    const [one, two] = devices()
    await one.say('one')
    one.journal.observe(utf8('two'))
    const own = one.journal.own()!
    await one.journal.keepSealed({
      place: { ...own, seq: 2, hash: stubHash(own.hash) },
      first: 2,
      bytes: own.hash,
      cursor: 2,
    })
    await two.sync()
    two.heard.hear(one.heads())
    two.heard.settle()
    expect(two.confirmedBy(one)).toBe(now)
  })

  it('name a server that shows each device another world, where frontiers alone do not tell', async () => {
    const [one, two, three] = devices()
    await one.say('for everybody')
    await three.sync()
    await three.say('I have read that')
    // Whoever could tell the phone about the desk is hidden from it together with the desk.
    two.hidden = [one, three]
    await two.sync()
    now += dayMs
    await two.sync()
    expect([two.faults, two.journal.claims()]).toEqual([[], []])
    two.heard.hear(three.heads())
    await two.sync()
    expect(two.faults).toEqual([])
    now += graceMs
    await two.sync()
    expect(two.faults).toEqual(['withheld', 'withheld'])
    expect(
      two.journal
        .faults()
        .map(({ device }) => String(device))
        .sort(),
    ).toEqual([one, three].map(({ id }) => String(id)).sort())
    expect([two.confirmedBy(three), two.heard.isWaiting]).toEqual([undefined, false])
    two.hidden = []
    await two.sync()
    expect(two.confirmedBy(three)).toBe(now - graceMs)
  })

  it('raise no alarm about what was signed longer ago than anybody keeps it', async () => {
    const [one, two] = devices()
    await one.say('long ago')
    now += 61 * dayMs
    two.hidden = [one]
    two.heard.hear(one.heads())
    now += graceMs
    await two.sync()
    expect(two.faults).toEqual([])
  })

  it('name two versions of one history, whether it is read before or after', async () => {
    const [one, two, three] = devices()
    const honest = store
    await one.say('the one version')
    await two.sync()
    // The desk, copied, writes another one to a server that only the tablet sees.
    store = new MemoryReplicaStore(() => Math.floor(now / dayMs))
    const copy = new Device('desk')
    await copy.say('the other version')
    await three.sync()
    const told = three.heads()
    store = honest
    two.heard.hear(told)
    await two.sync()
    expect(two.faults).toEqual(['forked'])
  })

  it('tell a device that it is a copy, before it writes', async () => {
    const [one, two] = devices()
    await one.say('one')
    const disk = new MemoryReplicaJournal(one.journal)
    await one.say('two')
    await two.sync()
    one.journal = disk
    one.hidden = [one]
    one.heard.hear(two.heads())
    const before = await store.heads(account)
    await one.say('three')
    expect(one.faults).toContain('ahead')
    expect(await store.heads(account)).toEqual(before)
  })

  it('name a server that keeps back the newest list of devices', () => {
    const [one, two] = devices()
    two.chain = { length: 1, head: links[0]!, known: new Set([links[0]!]) }
    two.heard.hear(one.heads())
    expect(two.heard.settleTips(two.heard.tips())).toEqual([])
    now += graceMs
    const overdue = two.heard.settleTips(two.heard.tips())
    expect(overdue).toMatchObject([{ device: one.id, seq: 2 }])
    two.chain = one.chain
    expect(two.heard.settleTips(two.heard.tips())).toEqual([])
    expect(two.heard.tips()).toEqual([])
  })
})

describe('heads of another epoch', () => {
  const renewed = new Uint8Array(32).fill(2)

  it('name a server that keeps back the link that began it', () => {
    const [one, two] = devices()
    one.keyring.add(2, renewed)
    expect(two.heard.hear(one.heads())).toBe('later')
    expect(two.heard.settleTips(two.heard.tips())).toEqual([])
    now += graceMs
    expect(two.heard.settleTips(two.heard.tips())).toMatchObject([{ device: one.id, seq: 2 }])
    // The link has come; its key may take longer.
    two.epoch = 2
    expect([two.heard.settleTips(two.heard.tips()), two.heard.hearAgain()]).toEqual([[], false])
  })

  it('that is over say nothing: their sender may not know that the account was erased and begun anew', async () => {
    const [one, two] = devices()
    await one.say('before it was erased')
    await two.sync()
    const said = two.heads()
    one.journal = new MemoryReplicaJournal()
    one.epoch = 2
    one.keyring.add(2, renewed)
    expect(one.heard.hear(said)).toBe('stale')
    expect(one.heard.claims()).toEqual([])
  })
})

describe('heads that are not to be believed', () => {
  it('are those that are this device’s own, changed, cut, of nobody, or for another account', () => {
    const [one, two] = devices()
    const said = one.heads()
    expect(one.heard.hear(said)).toBe('own')
    for (let at = 1; at < said.length; at += 7) {
      const changed = said.with(at, (said[at] ?? 0) ^ 1)
      expect(['forged', 'later', 'malformed'], `byte ${at}`).toContain(two.heard.hear(changed))
    }
    expect(two.heard.hear(said.subarray(0, 60))).toBe('malformed')
    expect(two.heard.hear(said.subarray(0, 130))).toBe('forged')
    expect(two.heard.hear(new Uint8Array(20_000))).toBe('malformed')
    expect(two.heard.hear(one.heads({ account: 'sip:bob@example.org' }))).toBe('forged')
    two.heard.settle()
    expect([two.heard.claims(), two.heard.notes()]).toEqual([[], { heard: {}, confirmed: {} }])
  })

  it('are those that another device of the account signed in this one’s name', () => {
    const [one, two, three] = devices()
    expect(two.heard.hear(three.heads({ device: one.id }))).toBe('forged')
  })

  it('are those of a removed device', () => {
    const [one, two] = devices()
    two.removed = [one]
    expect(two.heard.hear(one.heads())).toBe('removed-device')
  })

  it('are repeated, older, or from another day, also after a start', () => {
    const [one, two] = devices()
    const first = one.heads()
    expect(two.heard.hear(first)).toBe('returned')
    expect(two.heard.hear(first)).toBe('stale')
    expect(two.heard.hear(one.heads({ at: now - 1 }))).toBe('stale')
    expect(two.heard.hear(one.heads({ at: now + 2 * dayMs }))).toBe('stale')
    two.open(two.heard.notes())
    expect(two.heard.hear(first)).toBe('stale')
    expect(two.heard.hear(one.heads({ at: now + 1 }))).toBe('taken')
    const old = one.heads({ at: now + 2 })
    now += 2 * dayMs
    expect(two.heard.hear(old)).toBe('stale')
  })
})

describe('the time of heads', () => {
  it('grows, also over a start and with a clock that went back, as long as others take it', () => {
    const [one] = devices()
    const first = one.heard.nextAt()
    expect(first).toBe(now)
    now -= dayMs / 2
    one.open(one.heard.notes())
    expect([one.heard.nextAt(), one.heard.nextAt()]).toEqual([first + 1, first + 2])
    now += dayMs
    expect(one.heard.nextAt()).toBe(now)
    now += 365 * dayMs
    one.heard.nextAt()
    now -= 365 * dayMs
    expect(one.heard.nextAt()).toBe(now)
  })
})

describe('heads that cannot be opened yet', () => {
  it('are kept, and heard when key or device are known', () => {
    const [one, two] = devices()
    one.keyring.add(2, new Uint8Array(32).fill(2))
    expect(two.heard.hear(one.heads())).toBe('later')
    expect(two.heard.hearAgain()).toBe(false)
    two.keyring.add(2, new Uint8Array(32).fill(2))
    expect([two.heard.hearAgain(), two.heard.hearAgain()]).toEqual([true, false])
    const stranger = new Device('laptop')
    all.delete(String(stranger.id))
    now += 1
    expect(two.heard.hear(stranger.heads())).toBe('later')
    all.set(String(stranger.id), stranger.key)
    expect(two.heard.hearAgain()).toBe(true)
  })

  it('say, once they are heard, that their sender was away', () => {
    const [one, two] = devices()
    const newer = new Uint8Array(32).fill(2)
    one.keyring.add(2, newer)
    const returned: string[] = []
    const garbage: string[] = []
    two.heard.hear(one.heads(), () => returned.push('one'))
    two.heard.hear(one.heads({ account: 'sip:bob@example.org' }), () => garbage.push('one'))
    expect(returned).toEqual([])
    two.keyring.add(2, newer)
    two.heard.hearAgain()
    expect([returned, garbage]).toEqual([['one'], []])
    two.heard.hear(one.heads({ at: now + 1 }), () => returned.push('again'))
    expect(returned).toEqual(['one'])
  })

  it('are no more than a few, the newest', () => {
    const [one, two] = devices()
    one.keyring.add(2, new Uint8Array(32).fill(2))
    const newest = one.heads({ at: now + 1000 })
    const garbage = concatBytes(one.heads().subarray(0, 53).with(1, 99), new Uint8Array(336))
    for (let n = 0; n < 100; n += 1) expect(two.heard.hear(garbage)).toBe('later')
    two.heard.hear(newest)
    two.keyring.add(2, new Uint8Array(32).fill(2))
    expect(two.heard.hearAgain()).toBe(true)
    expect(two.heard.notes().heard).toEqual({ [toBase64Url(one.id)]: now + 1000 })
  })
})
