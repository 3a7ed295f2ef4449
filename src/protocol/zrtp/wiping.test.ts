import type * as Crypto from 'node:crypto'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { wipe } from '#shared/bytes/bytes.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { held, leftOf, secretsAmong, watchBuffers, type HeldBuffer } from '#test/fakes/watched-crypto.ts'
import type { CallEnd } from '#test/fakes/zrtp-call.ts'
import { SimulatedCall, type EndOptions } from '#test/fakes/zrtp-call.ts'
import { defaultPreferences, type DhName } from './algorithms.ts'
import { nodeKeyAgreement } from './key-agreement.ts'

vi.mock('node:crypto', async (original) => {
  const { watched } = await import('#test/fakes/watched-crypto.ts')
  return watched(await original<typeof Crypto>())
})

const secretsHeld = (): readonly HeldBuffer[] => secretsAmong(held)

/** What was handed to the owner is the owner's to wipe. */
function wipeHandedOver({ events }: CallEnd): void {
  for (const event of events) {
    if (event.kind === 'keys') wipe(event.keys.key, event.keys.salt)
    if (event.kind !== 'secure') continue
    if (event.retained !== null) wipe(event.retained.rs1, event.retained.rs2 ?? new Uint8Array())
    if (event.sas !== null) wipe(event.sas.hash)
  }
}

function close(...ends: readonly CallEnd[]): void {
  for (const end of ends) {
    end.stream.stop()
    end.session.close()
    wipeHandedOver(end)
  }
}

function ends(keyAgreement: DhName): [EndOptions, EndOptions] {
  const hashes = keyAgreement === 'EC38' ? (['S384'] as const) : defaultPreferences.hashes
  const preferences = { ...defaultPreferences, keyAgreements: [keyAgreement], hashes }
  return [{ preferences }, { preferences }]
}

// Finds out once what the host can, with a number that is no secret.
beforeAll(() => void nodeKeyAgreement.newPair('DH2k', new SeededRandom('host'), 32))

beforeEach(watchBuffers)
afterEach(() => vi.restoreAllMocks())

describe('a handshake', () => {
  it.each(['X255', 'EC25', 'EC38', 'DH2k', 'DH3k'] as const)('by %s leaves no key behind', (name) => {
    const call = new SimulatedCall('wiped', ...ends(name)).run()
    expect(call.isSecure).toBe(true)
    expect(leftOf(secretsHeld())).not.toEqual([])
    close(call.alice, call.bob)
    expect(leftOf(secretsHeld())).toEqual([])
  })

  it('that is over leaves no key of SRTP behind, while the stream goes on', () => {
    const call = new SimulatedCall('secure', ...ends('X255')).run()
    call.time.run(1000)
    for (const end of [call.alice, call.bob]) wipeHandedOver(end)
    const ofSrtp = held.filter(({ what }) => what.includes('SRTP master')).map(({ was }) => was)
    const left = secretsHeld().filter(({ was }) => ofSrtp.some((secret) => secret.startsWith(was)))
    expect([left.length > 0, leftOf(left)]).toEqual([true, []])
    close(call.alice, call.bob)
  })

  it('that both begin, and that goes no further than any packet of it, leaves none either', () => {
    let isWhole = false
    let most = 0
    for (let packets = 0; !isWhole && packets < 60; packets += 1) {
      held.length = 0
      const call = new SimulatedCall('cut short', ...ends('X255'))
      const sent = (): number => call.alice.sent.length + call.bob.sent.length
      call.alice.stream.start()
      call.bob.stream.start()
      call.time.run(40_000, () => sent() >= packets || call.isSecure)
      isWhole = call.isSecure
      most = Math.max(most, leftOf(secretsHeld()).length)
      close(call.alice, call.bob)
      expect(leftOf(secretsHeld()), `after ${packets} packets`).toEqual([])
    }
    expect([isWhole, most > 10]).toEqual([true, true])
  })

  it('that fails at its end, because the confirmation was altered, wipes its keys by itself', () => {
    const call = new SimulatedCall('altered', ...ends('X255'))
    const { onSend } = call.bob
    call.bob.onSend = (packet) => onSend(packet)
    call.carry = (packet, to) => {
      const copy = Uint8Array.from(packet)
      const isConfirm = Buffer.from(copy).includes('Confirm')
      if (isConfirm) copy.fill(0xaa, 40, 44)
      call.time.after(5, () => to.stream.receive(copy))
    }
    call.run()
    call.time.run(60_000)
    expect([call.alice.stream.phase, call.bob.stream.phase]).toEqual(['ended', 'ended'])
    expect(leftOf(secretsHeld())).toEqual([])
  })

  it('of a second stream, and of a call that knows the one before, leaves none', () => {
    const first = new SimulatedCall('first').run()
    const [a, b] = [first.alice.secure?.retained?.rs1, first.bob.secure?.retained?.rs1]
    if (a === undefined || b === undefined) throw new Error('nothing retained')
    const zids = { alice: new Uint8Array(12).fill(1), bob: new Uint8Array(12).fill(2) }
    const known = (rs1: Uint8Array): EndOptions => ({ retained: { rs1, rs2: null, sasVerified: true } })
    const call = new SimulatedCall('next', { ...known(a), zid: zids.alice }, { ...known(b), zid: zids.bob }).run()
    expect(call.alice.secure?.cache).toBe('match')
    const further = new SimulatedCall(
      'video',
      { place: 'further', session: call.alice.session, zid: zids.alice },
      { place: 'further', session: call.bob.session, zid: zids.bob },
    ).run()
    expect(further.isSecure).toBe(true)
    close(first.alice, first.bob, call.alice, call.bob, further.alice, further.bob)
    expect(leftOf(secretsHeld())).toEqual([])
  })
})
