/** A whole history on its way between two devices, over a rendezvous that is good, bad or hostile, with ends and server that crash. */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { DeflatePort } from '#main/linking/page-packing.ts'
import { HistorySink } from '#main/linking/transfer-sink.ts'
import { HistorySource } from '#main/linking/transfer-source.ts'
import type { HistoryPage, HistorySinkPort, HistorySourcePort, TransferProgress } from '#main/linking/transfer-port.ts'
import { defaultRendezvousLimits, type RendezvousLimits } from '#server/replica/rendezvous/limits.ts'
import { Rendezvous } from '#server/replica/rendezvous/rendezvous.ts'
import { SottoError } from '#shared/errors.ts'
import { account } from '#test/fakes/drawn-chain.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { rendezvousWire, sha256, type WireFaults, type WireOptions } from '#test/fakes/rendezvous-wire.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'

/** In its turn: a thread's time is not the world's. */
const packing: DeflatePort = {
  deflate: (bytes) => Promise.resolve(deflateRawSync(bytes, { level: 1 })),
  inflate: (bytes, maxOutputLength) => Promise.resolve(new Uint8Array(inflateRawSync(bytes, { maxOutputLength }))),
}

interface WorldOptions {
  readonly seed?: string
  readonly pages?: number
  readonly pageBytes?: number
  readonly loss?: number
  /** How long a page takes to be durable. */
  readonly diskMs?: number
  readonly limits?: Partial<RendezvousLimits>
  readonly sourceWire?: Partial<WireOptions>
}

class World implements HistorySourcePort, HistorySinkPort {
  readonly clock = new FakeClock()
  readonly random: SeededRandom
  rendezvous: Rendezvous
  readonly pages: readonly HistoryPage[]
  /** What is on the sink's disk. */
  readonly taken: { readonly token: string; readonly bytes: Uint8Array }[] = []
  readonly progress: TransferProgress[] = []
  readonly given: TransferProgress[] = []
  /** The sink has forgotten the transfer: all is there. */
  isWhole = false
  readonly #options: WorldOptions
  readonly #transfer

  constructor(options: WorldOptions = {}) {
    this.#options = options
    this.random = new SeededRandom(options.seed ?? 'transfer')
    const { pages = 12, pageBytes = 2_000 } = options
    this.pages = Array.from({ length: pages }, (_n, at) => ({
      ...{ token: `page ${at}`, share: (at + 1) / pages, isLast: at + 1 === pages },
      // Every other page cannot be deflated.
      bytes: at % 2 === 0 ? new Uint8Array(pageBytes + at).fill(at) : this.random.bytes(pageBytes + at),
    }))
    this.#transfer = { account, slot: this.random.bytes(16), key: this.random.bytes(32) }
    this.rendezvous = this.newServer()
  }

  newServer(): Rendezvous {
    const limits = { ...defaultRendezvousLimits, ...this.#options.limits }
    return (this.rendezvous = new Rendezvous({ clock: this.clock, hash: sha256, limits }))
  }

  source(): HistorySource {
    const progress = (one: TransferProgress): void => void this.given.push(one)
    return new HistorySource(
      { ...this.#ports(account, this.#options.sourceWire), history: this, progress },
      this.#transfer,
    )
  }

  sink(): HistorySink {
    const progress = (one: TransferProgress): void => void this.progress.push(one)
    const whole = (): Promise<void> => {
      this.isWhole = true
      return Promise.resolve()
    }
    return new HistorySink({ ...this.#ports(null), history: this, progress, whole }, this.#transfer)
  }

  #ports(signedFor: string | null, wire: Partial<WireOptions> = {}) {
    const { loss = 0 } = this.#options
    const faults: WireFaults = { random: this.random, loss }
    const client = rendezvousWire({ rendezvous: () => this.rendezvous, signedFor, faults, ...wire })
    return { client, packing, clock: this.clock, random: this.random }
  }

  transferPiece(_account: string, after: string | null): Promise<HistoryPage> {
    const at = after === null ? 0 : this.pages.findIndex(({ token }) => token === after) + 1
    const page = this.pages[Math.min(at, this.pages.length - 1)]
    return page === undefined ? Promise.reject(new SottoError('invalid-argument')) : Promise.resolve(page)
  }

  async takePiece(_account: string, page: { readonly token: string; readonly bytes: Uint8Array }): Promise<void> {
    const { diskMs = 0 } = this.#options
    await new Promise<void>((durable) => this.clock.after(diskMs, durable))
    if (this.tokens.at(-1) === page.token) return
    this.taken.push({ token: page.token, bytes: Uint8Array.from(page.bytes) })
  }

  takenPiece(): Promise<string | null> {
    return Promise.resolve(this.taken.at(-1)?.token ?? null)
  }

  get tokens(): readonly string[] {
    return this.taken.map(({ token }) => token)
  }

  expectAll(what = ''): void {
    expect(this.tokens, what).toEqual(this.pages.map(({ token }) => token))
    expect(
      this.taken.every(({ bytes }, at) => Buffer.from(bytes).equals(this.pages[at]!.bytes)),
      what,
    ).toBe(true)
  }

  async until<T>(work: Promise<T>, stepMs = 200): Promise<T> {
    const state = { settled: false }
    const settle = (): void => {
      state.settled = true
    }
    work.then(settle, settle)
    for (let turn = 0; !state.settled && turn < 5_000; turn++) await this.clock.advance(stepMs)
    return work
  }
}

interface Running {
  readonly stop: () => void
  readonly ended: Promise<void>
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'ok'
  } catch (cause) {
    if (cause instanceof SottoError) return cause.code
    throw cause
  }
}

describe('a history', () => {
  it('comes whole and in order, says how far it is, and leaves nothing at the server', async () => {
    const world = new World()
    const both = Promise.all([codeOf(world.source().run()), codeOf(world.sink().run())])
    expect(await world.until(both)).toEqual(['ok', 'ok'])
    world.expectAll()
    expect(world.progress.at(-1)).toMatchObject({ share: 1, pages: 12 })
    expect(world.given.at(-1)).toMatchObject({ share: 1, pages: 12 })
    expect(world.progress.map(({ share }) => share)).toEqual([...world.progress.map(({ share }) => share)].sort())
    expect(world.rendezvous.bytes).toBe(0)
  })

  it('comes in pages larger than a piece', async () => {
    const world = new World({ pages: 3, pageBytes: 3_000_000 })
    expect(await world.until(Promise.all([codeOf(world.source().run()), codeOf(world.sink().run())]))).toEqual([
      'ok',
      'ok',
    ])
    world.expectAll()
  })

  it('waits at the server only as much as it may', async () => {
    const world = new World({ pages: 16, pageBytes: 500_000 })
    const most = { bytes: 0 }
    const stop = world.clock
    const watch = (): void => {
      most.bytes = Math.max(most.bytes, world.rendezvous.bytes)
      stop.after(50, watch)
    }
    watch()
    const giving = world.source()
    void codeOf(giving.run())
    await world.clock.advance(5_000)
    expect(await world.until(codeOf(world.sink().run()))).toBe('ok')
    world.expectAll()
    expect(most.bytes).toBeLessThanOrEqual(4_194_304)
    giving.stop()
  })

  it('waits for a source that is not there yet, and for one that comes back hours later', async () => {
    const world = new World()
    const taking = codeOf(world.sink().run())
    await world.clock.advance(30_000)
    const first = world.source()
    const giving = codeOf(first.run())
    await world.clock.advance(500)
    first.stop()
    expect(await world.until(giving)).toBe('cancelled')
    await world.clock.advance(3_600_000)
    const second = codeOf(world.source().run())
    expect(await world.until(Promise.all([second, taking]))).toEqual(['ok', 'ok'])
    world.expectAll()
  })

  it('is given up by a sink that finds nobody for a day', async () => {
    const world = new World()
    expect(await world.until(codeOf(world.sink().run()), 30_000)).toBe('link-expired')
  })

  it.each(['source', 'sink'] as const)('stops for good where the %s says so', async (who) => {
    const world = new World({ diskMs: 5 })
    const ends = { source: world.source(), sink: world.sink() }
    const runs = { source: codeOf(ends.source.run()), sink: codeOf(ends.sink.run()) }
    await world.clock.advance(10)
    await ends[who].abandon()
    expect(await world.until(runs[who])).toBe('cancelled')
    expect(await world.until(runs[who === 'source' ? 'sink' : 'source'])).toBe('link-cancelled')
    expect(world.tokens).toEqual(world.pages.slice(0, world.tokens.length).map(({ token }) => token))
  })
})

describe('worlds from seeds', () => {
  it('bring everything once, whatever is lost and whoever crashes', async () => {
    for (let seed = 0; seed < 40; seed++) {
      const world = new World({ seed: String(seed), pages: 20 + (seed % 7), loss: (seed % 3) / 10 })
      const done = { source: false, sink: false }
      const running = (who: 'source' | 'sink'): Running => {
        const end = world[who]()
        const ended = codeOf(end.run()).then((code) => {
          if (code === 'ok') done[who] = true
          else expect(code, `seed ${seed}`).toBe('cancelled')
        })
        return { stop: () => end.stop(), ended }
      }
      const ends = { source: running('source'), sink: running('sink') }
      for (let turn = 0; turn < 3_000 && !done.sink; turn++) {
        await world.clock.advance(200)
        done.sink ||= world.isWhole
        const fate = turn < 60 ? (['source', 'sink', 'server'] as const)[world.random.below(12)] : undefined
        if (fate === 'server') world.newServer()
        if ((fate !== 'source' && fate !== 'sink') || done[fate]) continue
        ends[fate].stop()
        await world.until(ends[fate].ended)
        ends[fate] = running(fate)
      }
      expect(done.sink, `seed ${seed}`).toBe(true)
      world.expectAll(`seed ${seed}`)
      ends.source.stop()
      await world.until(ends.source.ended)
    }
  })

  it('bring no page that the server changed', async () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = new SeededRandom(`changed ${seed}`)
      const hit = random.below(10)
      let count = 0
      const change = (piece: Uint8Array): Uint8Array => {
        if (count++ !== hit) return piece
        const changed = Uint8Array.from(piece)
        const at = random.below(changed.length)
        changed[at] = changed[at]! ^ (1 + random.below(255))
        return changed
      }
      const world = new World({ seed: String(seed), sourceWire: { change } })
      const source = world.source()
      void codeOf(source.run())
      expect(await world.until(codeOf(world.sink().run())), `seed ${seed}`).toBe('link-tampered')
      expect(world.tokens).toEqual(world.pages.slice(0, world.tokens.length).map(({ token }) => token))
      expect(world.tokens.length).toBeLessThan(world.pages.length)
      source.stop()
    }
  })

  it('take nothing that a server replays from an earlier generation', async () => {
    const recorded: Uint8Array[] = []
    const replay = { on: false }
    const change = (piece: Uint8Array, number: number): Uint8Array => {
      if (replay.on) return recorded[number] ?? piece
      recorded[number] = Uint8Array.from(piece)
      return piece
    }
    const world = new World({ diskMs: 5, sourceWire: { change } })
    const first = world.source()
    void codeOf(first.run())
    const sink = world.sink()
    const taking = codeOf(sink.run())
    await world.clock.advance(12)
    first.stop()
    sink.stop()
    await world.until(taking)
    replay.on = true
    const before = world.tokens.length
    const second = world.source()
    void codeOf(second.run())
    expect(await world.until(codeOf(world.sink().run()))).toBe('link-tampered')
    expect(world.tokens.length).toBe(before)
    second.stop()
  })
})
