import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { endOfIndexes, estimateIndex } from './packet-index.ts'
import { nullProfile, profiles, type ProfileName } from './profiles.ts'
import { SrtpReceiver } from './receiver.ts'
import { ReplayWindow } from './replay-window.ts'
import { SrtpSender } from './sender.ts'
import { maxStreams, type MasterKey } from './session.ts'

const names = Object.keys(profiles) as ProfileName[]

function masterFor(name: ProfileName, seed = 'key'): MasterKey {
  const random = new SeededRandom(`${name} ${seed}`)
  const profile = profiles[name]
  return { profile, key: random.bytes(profile.keyBytes), salt: random.bytes(profile.saltBytes) }
}

function rtp(sequenceNumber: number, { ssrc = 0xcafebabe, payload = 'a voice' } = {}): Buffer {
  const head = Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
  head.writeUInt16BE(sequenceNumber & 0xffff, 2)
  head.writeUInt32BE(ssrc, 8)
  return Buffer.concat([head, Buffer.from(`${payload} ${sequenceNumber}`)])
}

function rtcp(ssrc = 0xcafebabe): Buffer {
  const report = Buffer.alloc(28, 7)
  report.set([0x80, 200, 0, 6])
  report.writeUInt32BE(ssrc, 4)
  return report
}

/** A packet that must have been taken. */
function taken(outcome: Uint8Array | string): Buffer {
  if (typeof outcome === 'string') throw new Error(outcome)
  return Buffer.from(outcome)
}

describe('the index of a packet', () => {
  it.each([
    [0, 1, 1],
    [0xffff, 0, 0x10000],
    [0x10000, 0xffff, 0xffff],
    [0x10000 + 0x7fff, 0xffff, 0x1ffff],
    [0x10000 + 0x8000, 0, 0x20000 - 0x10000],
    [0x10000 + 0x8001, 0, 0x20000],
    [5, 0xfff0, -16],
    [endOfIndexes - 1, 0, endOfIndexes],
  ])('after %i, %i is %i', (highest, sequenceNumber, expected) => {
    expect(estimateIndex(highest, sequenceNumber)).toBe(expected)
  })

  it('is right whatever comes within half a cycle', () => {
    const random = new SeededRandom('index')
    for (let round = 0; round < 20_000; round += 1) {
      const highest = 0x8000 + random.below(2 ** 31)
      const index = highest - 0x7fff + random.below(0xffff)
      expect(estimateIndex(highest, index % 0x10000)).toBe(index)
    }
  })
})

describe('the replay window', () => {
  it('is a set of the last indexes, by a simple model', () => {
    const random = new SeededRandom('window')
    const window = new ReplayWindow()
    const seen = new Set<number>()
    let top = 0
    for (let round = 0; round < 50_000; round += 1) {
      const jump = random.below(500) === 0 ? random.below(3000) : random.below(40)
      const index = Math.max(0, top + jump - random.below(1100))
      const expected = seen.has(index) ? 'replayed' : 'fresh'
      const verdict = window.check(index)
      if (top - index >= 1024) expect(verdict).toBe('too-old')
      else expect(verdict).toBe(expected)
      if (verdict !== 'fresh') continue
      window.accept(index)
      seen.add(index)
      top = Math.max(top, index)
    }
  })
})

describe.each(names)('%s', (name) => {
  it('carries media and reports, with every header', () => {
    const [sender, receiver] = [new SrtpSender(masterFor(name)), new SrtpReceiver(masterFor(name))]
    const withCsrcs = Buffer.concat([rtp(1).subarray(0, 12), Buffer.alloc(8, 3), Buffer.from('x')])
    withCsrcs[0] = 0x82
    const withExtension = Buffer.concat([
      rtp(2).subarray(0, 12),
      Buffer.from('bede000100000000', 'hex'),
      Buffer.alloc(200, 9),
    ])
    withExtension[0] = 0x90
    const empty = rtp(3).subarray(0, 12)
    for (const plain of [rtp(0), withCsrcs, withExtension, empty, rtp(4, { payload: 'v'.repeat(1400) })]) {
      const sealed = taken(sender.protectRtp(plain))
      expect(sealed.length).toBeGreaterThan(plain.length)
      expect(taken(receiver.unprotectRtp(sealed))).toEqual(plain)
    }
    for (let count = 0; count < 3; count += 1)
      expect(taken(receiver.unprotectRtcp(taken(sender.protectRtcp(rtcp()))))).toEqual(rtcp())
  })

  it('hides the payload', () => {
    const sealed = taken(new SrtpSender(masterFor(name)).protectRtp(rtp(1, { payload: 'a secret voice' })))
    expect(sealed.includes('secret')).toBe(false)
  })

  it('takes each packet once, and none of another key', () => {
    const [sender, receiver] = [new SrtpSender(masterFor(name)), new SrtpReceiver(masterFor(name))]
    const [media, report] = [taken(sender.protectRtp(rtp(7))), taken(sender.protectRtcp(rtcp()))]
    const foreign = new SrtpReceiver(masterFor(name, 'other'))
    expect(foreign.unprotectRtp(media)).toBe('forged')
    expect(foreign.unprotectRtcp(report)).toBe('forged')
    taken(receiver.unprotectRtp(media))
    taken(receiver.unprotectRtcp(report))
    expect(receiver.unprotectRtp(media)).toBe('replayed')
    expect(receiver.unprotectRtcp(report)).toBe('replayed')
  })
})

describe('order', () => {
  const master = masterFor('AES_CM_128_HMAC_SHA1_80')

  it('counts roll-overs through loss, reordering and duplicates', () => {
    const [sender, receiver] = [new SrtpSender(master), new SrtpReceiver(master)]
    const random = new SeededRandom('roll-over')
    const held: { readonly sealed: Buffer; readonly plain: Buffer }[] = []
    let wrong = 0
    for (let index = 65_000; index < 65_000 + 140_000; index += 1) {
      const plain = rtp(index)
      const sealed = taken(sender.protectRtp(plain))
      if (random.below(10) === 0) continue
      held.push({ sealed, plain })
      if (held.length < 8) continue
      const [next] = held.splice(random.below(held.length), 1)
      if (next === undefined) continue
      if (!taken(receiver.unprotectRtp(next.sealed)).equals(next.plain)) wrong += 1
      if (random.below(20) === 0 && receiver.unprotectRtp(next.sealed) !== 'replayed') wrong += 1
    }
    expect(wrong).toBe(0)
    expect(sender.position(0xcafebabe)).toEqual({ roc: 3, sequenceNumber: (65_000 + 139_999) % 0x10000 })
  })

  it('learns nothing from what is not authenticated', () => {
    const [sender, receiver] = [new SrtpSender(master), new SrtpReceiver(master)]
    taken(receiver.unprotectRtp(taken(sender.protectRtp(rtp(10)))))
    // A forged packet from far ahead would move the roll-over count, and the next real one would be refused.
    for (const ahead of [30_000, 60_000, 65_535, 0])
      expect(receiver.unprotectRtp(Buffer.concat([rtp(ahead), Buffer.alloc(10)]))).toMatch(/forged|too-old/)
    for (let ssrc = 0; ssrc < 10_000; ssrc += 1)
      receiver.unprotectRtp(Buffer.concat([rtp(1, { ssrc }), Buffer.alloc(10)]))
    expect(taken(receiver.unprotectRtp(taken(sender.protectRtp(rtp(11)))))).toEqual(rtp(11))
    expect(taken(receiver.unprotectRtp(taken(sender.protectRtp(rtp(1, { ssrc: 5 })))))).toEqual(rtp(1, { ssrc: 5 }))
  })

  it('never protects two packets under one index', () => {
    const sender = new SrtpSender(master)
    taken(sender.protectRtp(rtp(100)))
    expect(sender.protectRtp(rtp(100, { payload: 'another' }))).toBe('replayed')
    taken(sender.protectRtp(rtp(99)))
    taken(sender.protectRtp(rtp(3000)))
    expect(sender.protectRtp(rtp(101))).toBe('too-old')
  })

  it('has a bound on senders', () => {
    const sender = new SrtpSender(master)
    for (let ssrc = 0; ssrc < maxStreams; ssrc += 1) taken(sender.protectRtp(rtp(1, { ssrc })))
    expect(sender.protectRtp(rtp(1, { ssrc: 9999 }))).toBe('too-many-streams')
  })

  it('protects and takes no more than the key may protect, packets and reports apart', () => {
    const short = { ...master, lifetime: 3 }
    const [sender, receiver, unbound] = [new SrtpSender(short), new SrtpReceiver(short), new SrtpSender(master)]
    for (let at = 0; at < 3; at += 1) {
      taken(sender.protectRtp(rtp(at, { ssrc: at })))
      taken(sender.protectRtcp(rtcp()))
      // What bears no tag of the key has not used it.
      expect(receiver.unprotectRtp(Buffer.concat([rtp(at), Buffer.alloc(10)]))).toBe('forged')
      taken(receiver.unprotectRtp(taken(unbound.protectRtp(rtp(at)))))
      taken(receiver.unprotectRtcp(taken(unbound.protectRtcp(rtcp()))))
    }
    expect([sender.protectRtp(rtp(3)), sender.protectRtcp(rtcp())]).toEqual(['key-used-up', 'key-used-up'])
    expect(receiver.unprotectRtp(taken(unbound.protectRtp(rtp(3))))).toBe('key-used-up')
    expect(receiver.unprotectRtcp(taken(unbound.protectRtcp(rtcp())))).toBe('key-used-up')
    expect(receiver.unprotectRtp(Buffer.concat([rtp(9), Buffer.alloc(10)]))).toBe('forged')
  })

  it('says when an eighth of the key is left, where that leaves time for another', () => {
    const [sender, tiny] = [
      new SrtpSender({ ...master, lifetime: 2 ** 14 }),
      new SrtpSender({ ...master, lifetime: 8 }),
    ]
    const nears = (count: number): boolean => {
      for (let at = 0; at < count; at += 1) taken(sender.protectRtp(rtp((next += 1))))
      return sender.nearsEnd
    }
    let next = 0
    expect([nears(7 * 2 ** 11 - 1), nears(1)]).toEqual([false, true])
    for (let at = 0; at < 8; at += 1) taken(tiny.protectRtcp(rtcp()))
    expect(tiny.nearsEnd).toBe(false)
  })

  it('refuses what is no packet', () => {
    const [sender, receiver] = [new SrtpSender(master), new SrtpReceiver(master)]
    const truncatedExtension = Buffer.concat([rtp(1).subarray(0, 12), Buffer.from('bede0fff', 'hex')])
    truncatedExtension[0] = 0x90
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(11), Buffer.alloc(40), truncatedExtension]) {
      expect(sender.protectRtp(bytes)).toBe('malformed')
      expect(receiver.unprotectRtp(bytes)).toBe('malformed')
    }
    expect(sender.protectRtcp(Buffer.alloc(7))).toBe('malformed')
    expect(receiver.unprotectRtcp(rtcp().subarray(0, 8))).toBe('malformed')
  })

  it('takes reports in clear only where that was agreed', () => {
    // The keys of both profiles are the same, so that the tag alone says nothing against it.
    const clear = { ...master, profile: nullProfile }
    const report = taken(new SrtpSender(clear).protectRtcp(rtcp()))
    expect(taken(new SrtpReceiver(clear).unprotectRtcp(report))).toEqual(rtcp())
    expect(new SrtpReceiver(master).unprotectRtcp(report)).toBe('malformed')
    expect(new SrtpReceiver(clear).unprotectRtcp(taken(new SrtpSender(master).protectRtcp(rtcp())))).toBe('malformed')
  })

  it('knows another key by its identifier', () => {
    const [one, two] = [
      { ...master, mki: Uint8Array.of(1) },
      { ...master, mki: Uint8Array.of(2) },
    ]
    const sender = new SrtpSender(one)
    const [media, report] = [taken(sender.protectRtp(rtp(1))), taken(sender.protectRtcp(rtcp()))]
    expect(new SrtpReceiver(two).unprotectRtp(media)).toBe('unknown-key')
    expect(new SrtpReceiver(two).unprotectRtcp(report)).toBe('unknown-key')
    expect(taken(new SrtpReceiver(one).unprotectRtp(media))).toEqual(rtp(1))
    expect(taken(new SrtpReceiver(one).unprotectRtcp(report))).toEqual(rtcp())
  })
})
