/** Both ends of a linking with real cryptography, over a rendezvous in the same process that is good, bad or hostile. */
import { describe, expect, it } from 'vitest'
import type { LinkOffer } from '#main/linking/linking-old-device.ts'
import { newSlotKey, openSlot } from '#main/linking/slot-opening.ts'
import { CodeNewHalf, QrNewHalf } from '#main/linking/pairing.ts'
import type { LinkParcel } from '#main/linking/parcel.ts'
import { SottoError } from '#shared/errors.ts'
import { deviceIdText } from '#shared/identity/device-chain.ts'
import type { Aor } from '#shared/model/ids.ts'
import { openName } from '#main/keys/device-names.ts'
import { account, draw, keysOf, namesKey } from '#test/fakes/drawn-chain.ts'
import { LinkingWorld, type WorldOptions } from '#test/fakes/linking-world.ts'
import { rendezvousWire } from '#test/fakes/rendezvous-wire.ts'
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'

type How = 'qr' | 'code'
const ways: readonly How[] = ['qr', 'code']

async function codeOf(failing: Promise<unknown>): Promise<string> {
  try {
    await failing
    return 'ok'
  } catch (cause) {
    if (cause instanceof SottoError) return cause.code
    throw cause
  }
}

interface Story {
  readonly old: string
  readonly new: string
  readonly offer: LinkOffer | null
  readonly world: LinkingWorld
}

/** Links a device as a person would; `between` runs once the old device shows who asks. */
async function link(how: How, options: WorldOptions = {}, between: (world: LinkingWorld) => void = () => undefined) {
  const world = new LinkingWorld(options)
  const shown = await world.until(world.newDevice.start())
  const finished = codeOf(world.newDevice.finish())
  const story = { offer: null as LinkOffer | null }
  const asked = async (): Promise<string> => {
    story.offer = await (how === 'qr' ? world.oldDevice.readQr(shown.qrText) : world.oldDevice.enterCode(shown.code))
    between(world)
    await world.oldDevice.confirm()
    return 'ok'
  }
  const [old, fresh] = await world.until(Promise.all([codeOf(asked()), finished]))
  return { old, new: fresh, offer: story.offer, world } satisfies Story
}

describe.each(ways)('linking by %s', (how) => {
  it('hands the account over, once the person has seen whose device it is', async () => {
    const { world, offer, ...ends } = await link(how)
    expect([ends.old, ends.new]).toEqual(['ok', 'ok'])
    expect(offer).toEqual({ name: 'new laptop', deviceId: deviceIdText(world.device.keys.id) })
    expect(world.took).toHaveLength(1)
    const { parcel, chain } = world.took[0]!
    expect(parcel.account.ha1Sha256).toBe('ab'.repeat(32))
    expect(parcel.transfer?.key).toEqual(new Uint8Array(32).fill(2))
    expect(
      [...chain.state.devices].map(([id, { sealedName }]) => openName(namesKey, fromBase64Url(id)!, sealedName)),
    ).toEqual(['old', 'new laptop'])
    expect(world.rendezvous.bytes).toBe(0)
  })

  it('shows the name of the new device without what turns a line around', async () => {
    const { offer, ...ends } = await link(how, { newName: 'lap\u202etop\n' })
    expect([offer?.name, ends.old]).toEqual(['laptop', 'ok'])
  })

  it('hands nothing over before the person says yes', async () => {
    const world = new LinkingWorld()
    const shown = await world.newDevice.start()
    const finished = codeOf(world.newDevice.finish())
    await world.until(how === 'qr' ? world.oldDevice.readQr(shown.qrText) : world.oldDevice.enterCode(shown.code))
    await world.clock.advance(60_000)
    expect([world.took.length, world.links.length, world.cosigned]).toEqual([0, 1, 0])
    world.newDevice.cancel()
    expect(await world.until(finished)).toBe('cancelled')
  })

  it('signs anew when another device changed the chain meanwhile', async () => {
    const { world, ...ends } = await link(how, { headMoves: 3 })
    expect([ends.old, ends.new, world.cosigned]).toEqual(['ok', 'ok', 4])
  })

  it('does not sign without end', async () => {
    const ends = await link(how, { headMoves: 20 })
    expect([ends.old, ends.new]).toEqual(['link-tampered', 'link-tampered'])
  })

  it('takes a chain of thousands of links', async () => {
    const many = (parcel: LinkParcel): LinkParcel => ({
      ...parcel,
      links: [...parcel.links, ...Array.from({ length: 3_000 }, (_n, at) => new Uint8Array(500).fill(at))],
    })
    const { world, ...ends } = await link(how, { parcel: many })
    expect([ends.old, ends.new]).toEqual(['ok', 'ok'])
    expect(world.took[0]!.parcel.links).toHaveLength(3_002)
  })

  it.each([
    ['old', 'cancelled', 'link-cancelled'],
    ['new', 'link-cancelled', 'cancelled'],
  ] as const)('can be cancelled by the %s device', async (by, old, fresh) => {
    const ends = await link(how, {}, (world) => (by === 'old' ? world.oldDevice : world.newDevice).cancel())
    expect([ends.old, ends.new, ends.world.took.length]).toEqual([old, fresh, 0])
  })

  it('refuses a new device whose clock is wrong', async () => {
    for (const newClockAheadMs of [3_700_000, -3_700_000]) {
      const ends = await link(how, { newClockAheadMs })
      expect([ends.old, ends.new]).toEqual(['link-clocks-differ', 'link-clocks-differ'])
    }
  })

  it('says so when the new device cannot store what came', async () => {
    const take = (): Promise<void> => Promise.reject(new SottoError('disk-full'))
    const ends = await link(how, { take })
    expect([ends.old, ends.new]).toEqual(['link-failed', 'disk-full'])
  })
})

describe('codes', () => {
  it('are good for one try', async () => {
    const world = new LinkingWorld()
    const { code } = await world.newDevice.start()
    const finished = codeOf(world.newDevice.finish())
    const wrong = code === '00000000' ? '00000001' : '00000000'
    expect(await world.until(codeOf(world.oldDevice.enterCode(wrong)))).toBe('link-wrong-code')
    expect(await world.until(finished)).toBe('link-wrong-code')
    expect(await world.until(codeOf(world.makeOldDevice().enterCode(code)))).toBe('link-not-found')
  })

  it('end after two minutes', async () => {
    const world = new LinkingWorld()
    const { code, qrText, expiresAt } = await world.newDevice.start()
    expect(expiresAt - world.clock.now()).toBe(120_000)
    const finished = codeOf(world.newDevice.finish())
    await world.clock.advance(120_000)
    expect(await world.until(finished)).toBe('link-expired')
    expect(await world.until(codeOf(world.oldDevice.enterCode(code)))).toBe('link-not-found')
    expect(await world.until(codeOf(world.makeOldDevice().readQr(qrText)))).toBe('link-expired')
  })

  it('end after two minutes also where the server keeps them alive', async () => {
    const world = new LinkingWorld({ limits: { waitingMs: 86_400_000 } })
    await world.newDevice.start()
    const finished = codeOf(world.newDevice.finish())
    await world.clock.advance(120_000)
    expect(await world.until(finished)).toBe('link-expired')
  })

  it('that somebody used already are refused', async () => {
    const world = new LinkingWorld()
    const { qrText } = await world.newDevice.start()
    void codeOf(world.newDevice.finish())
    await world.until(world.oldDevice.readQr(qrText))
    expect(await world.until(codeOf(world.makeOldDevice().readQr(qrText)))).toBe('link-used')
  })

  it.each([
    ['1234567', 'invalid-argument'],
    ['12345678', 'link-not-found'],
  ])('typed as %s where nobody waits: %s', async (typed, code) => {
    const world = new LinkingWorld()
    expect(await world.until(codeOf(world.oldDevice.enterCode(typed)))).toBe(code)
  })

  it.each([
    ['https://example.org', 'link-qr-invalid'],
    ['sotto-link:1:AAAA', 'link-qr-invalid'],
    ['sotto-link:9:AAAA', 'link-too-new'],
  ])('read as %s: %s', async (text, code) => {
    expect(await codeOf(new LinkingWorld().oldDevice.readQr(text))).toBe(code)
  })

  it('of another account are refused before anybody is met', async () => {
    const world = new LinkingWorld({ account: 'sip:bob@example.org' as Aor })
    const { qrText } = await world.newDevice.start()
    expect(await codeOf(world.oldDevice.readQr(qrText))).toBe('link-wrong-account')
    world.newDevice.cancel()
  })

  it('find the person’s device among strangers who wait for the same account', async () => {
    const world = new LinkingWorld()
    const random = new SeededRandom('strangers')
    const client = rendezvousWire({ rendezvous: () => world.rendezvous, signedFor: null, address: '192.0.2.66' })
    for (const guess of ['00000000', '00000001']) {
      const key = newSlotKey(random)
      const pipe = await openSlot({ client, random, clock: world.clock }, key, 'link-code', account)
      const half = new CodeNewHalf({ account, slot: key.slot }, guess, random)
      await pipe.send(half.greeting)
    }
    const { code } = await world.newDevice.start()
    const finished = codeOf(world.newDevice.finish())
    const offer = await world.until(world.oldDevice.enterCode(code))
    expect(offer.name).toBe('new laptop')
    expect(await world.until(codeOf(world.oldDevice.confirm()))).toBe('ok')
    expect(await world.until(finished)).toBe('ok')
  })
})

describe('a new device takes no chain', () => {
  const cases: readonly [string, (parcel: LinkParcel) => LinkParcel, string][] = [
    ['without itself', (parcel) => ({ ...parcel, links: parcel.links.slice(0, 1) }), 'link-chain-invalid'],
    ['of another person', (parcel) => ({ ...parcel, links: otherChain() }), 'link-chain-invalid'],
    ['of another identity', (parcel) => ({ ...parcel, identity: new Uint8Array(32) }), 'link-chain-invalid'],
    ['that is empty', (parcel) => ({ ...parcel, links: [] }), 'link-chain-invalid'],
    [
      'of another account',
      (parcel) => ({ ...parcel, account: { ...parcel.account, aor: 'sip:bob@example.org' } }),
      'link-wrong-account',
    ],
  ]
  it.each(cases)('%s', async (_what, parcel, code) => {
    const ends = await link('qr', { parcel })
    expect(ends.new).toBe(code)
    expect(ends.old).not.toBe('ok')
    expect(ends.world.took).toHaveLength(0)
  })

  function otherChain(): Uint8Array[] {
    return [...draw('one: stranger').values()]
  }
})

describe.each(ways)('a hostile server, by %s', (how) => {
  const swaps: readonly [string, 'oldWire' | 'newWire', number][] = [
    ['the new device’s first piece', 'newWire', 0],
    ['the new device’s second piece', 'newWire', 1],
    ['the old device’s first piece', 'oldWire', 0],
    ['the old device’s second piece', 'oldWire', 1],
  ]
  it.each(swaps)('that changes %s learns nothing and hands nothing over', async (_what, wire, at) => {
    for (const where of [0, 1, 5, 20, 40, 70]) {
      const change = (piece: Uint8Array, number: number): Uint8Array =>
        number === at ? piece.map((byte, index) => (index === where % piece.length ? byte ^ 1 : byte)) : piece
      const ends = await link(how, { [wire]: { change } })
      expect(ends.old, `byte ${where}`).toMatch(/^link-/)
      expect(ends.new, `byte ${where}`).toMatch(/^link-/)
      expect(ends.world.took).toHaveLength(0)
    }
  })

  it('that puts its own key in the middle is found out by name', async () => {
    const own = new CodeNewHalf({ account, slot: new Uint8Array(16) }, '00000000', new SeededRandom('middle'))
    const ownQr = new QrNewHalf({ account, slot: new Uint8Array(16) }, keysOf('middle'), new SeededRandom('middle'))
    // Its own greeting instead of the new device's; what it answers to the new device it cannot seal.
    const greeting = how === 'code' ? own.greeting : ownQr.greeting
    const change = (piece: Uint8Array, number: number): Uint8Array => (number === 0 ? greeting : piece)
    const ends = await link(how, { newWire: { change } })
    expect(ends.new).toBe(how === 'code' ? 'link-wrong-code' : 'link-tampered')
    expect(ends.old).toBe(how === 'code' ? 'link-wrong-code' : 'link-tampered')
    expect(ends.world.took).toHaveLength(0)
  })
})

describe.each(ways)('worlds from seeds, by %s', (how) => {
  it('link whatever the network loses', async () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = new SeededRandom(`lossy ${how} ${seed}`)
      const faults = { random, loss: (seed % 3) / 10 }
      const ends = await link(how, { seed: String(seed), faults, headMoves: seed % 3 })
      expect([ends.old, ends.new], `seed ${seed}`).toEqual(['ok', 'ok'])
      expect(ends.world.took).toHaveLength(1)
    }
  })

  it('hand nothing over when the server changes anything, and say so', async () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new SeededRandom(`hostile ${how} ${seed}`)
      // After both greetings, before all is handed over.
      const hit = 2 + random.below(5)
      let count = 0
      const change = (piece: Uint8Array): Uint8Array => {
        if (count++ !== hit) return piece
        const changed = Uint8Array.from(piece)
        const at = random.below(changed.length)
        changed[at] = changed[at]! ^ (1 + random.below(255))
        return random.unit() < 0.2 ? changed.subarray(0, at) : changed
      }
      const ends = await link(how, { seed: String(seed), oldWire: { change }, newWire: { change } })
      expect(ends.new, `seed ${seed}`).toMatch(/^link-/)
      expect(ends.old, `seed ${seed}`).toMatch(/^link-/)
      expect(ends.world.took, `seed ${seed}`).toHaveLength(0)
    }
  })
})
