import type * as Crypto from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { wipe } from '#shared/bytes/bytes.ts'
import { call, ForkedCall, legOffer } from '#test/fakes/forked-call.ts'
import { held, leftOf, secretsAmong, srtpKeysAmong, watchBuffers, type HeldBuffer } from '#test/fakes/watched-crypto.ts'
import type { MediaPlan } from './media-port.ts'

vi.mock('node:crypto', async (original) => {
  const { watched } = await import('#test/fakes/watched-crypto.ts')
  return watched(await original<typeof Crypto>())
})

const overSdes: Partial<MediaPlan> = { policy: 'sdes-over-tls', offer: 'sdes' }

let world: ForkedCall
/** SDES keys and salts of all descriptions, hexadecimal. */
let inline: string[]

beforeEach(() => {
  watchBuffers()
  world = new ForkedCall('wiped')
  inline = []
})
afterEach(() => vi.restoreAllMocks())

/** Keys of ZRTP, SDES and SRTP among the buffers of these. */
function keysAmong(buffers: readonly HeldBuffer[]): readonly HeldBuffer[] {
  // Confirms are sealed by the same cipher: what went into it is on the network.
  const ofSrtp = srtpKeysAmong(buffers).filter(({ what }) => what !== 'aes-128-ecb in')
  return [...secretsAmong(buffers, inline), ...ofSrtp]
}

/** Notes the keys of a description. */
function noted(sdp: string): string {
  for (const [, key = ''] of sdp.matchAll(/inline:([A-Za-z0-9+/=]+)/g))
    inline.push(Buffer.from(key, 'base64').toString('hex'))
  return sdp
}

/** Retained secrets were handed over: whoever hears of them wipes them. */
function wipeRetained(side: { readonly events: ForkedCall['caller']['events'] }): void {
  for (const event of side.events) if (event.kind === 'zrtp-retain') wipe(event.rs1, event.rs2 ?? new Uint8Array())
}

type Device = Awaited<ReturnType<ForkedCall['answering']>>

async function end(...sides: readonly Device[]): Promise<void> {
  for (const side of sides) {
    await side.gateway.close(call)
    wipeRetained(side)
  }
}

/** Two branches, one after the other; what was held when the second began, and both devices. */
async function forked(change: Partial<MediaPlan>): Promise<{ a: Device; b: Device; until: number }> {
  noted(await world.offer(change))
  const a = await world.answering(1, change)
  await world.take('a', noted(a.sdp))
  await world.clock.advance(8_000)
  const until = held.length
  const b = await world.answering(2, change)
  await world.take('b', noted(b.sdp), { leg: legOffer(2) })
  await world.clock.advance(8_000)
  return { a, b, until }
}

describe.each([
  ['ZRTP', {}],
  ['SDES', overSdes],
] as const)('the keys of a call under %s', (_name, change) => {
  it('are gone when it ends', async () => {
    const { a, b } = await forked(change)
    await world.take('b', b.sdp, { early: false })
    expect(leftOf(keysAmong(held))).not.toEqual([])
    await end(a, b)
    await world.caller.gateway.close(call)
    wipeRetained(world.caller)
    expect(leftOf(keysAmong(held))).toEqual([])
  })

  it('are gone when the gateway stops', async () => {
    const { a, b } = await forked(change)
    for (const side of [world.caller, a, b]) {
      await side.gateway.stop()
      wipeRetained(side)
    }
    expect(leftOf(keysAmong(held))).toEqual([])
  })

  it('are gone when nobody ever answered', async () => {
    noted(await world.offer(change))
    await world.caller.gateway.close(call)
    expect(leftOf(keysAmong(held))).toEqual([])
  })

  it('are gone on both sides when the answer was refused', async () => {
    noted(await world.offer(change))
    const a = await world.answering(1, change)
    expect(await world.take('a', noted(a.sdp).replace(/m=audio \d+/, 'm=audio 0'))).toMatchObject({ ok: false })
    await end(a)
    await world.caller.gateway.close(call)
    expect(leftOf(keysAmong(held))).toEqual([])
  })
})

describe('a branch that loses', () => {
  it('takes its keys of ZRTP with it, while the winner goes on', async () => {
    const { a, b, until } = await forked({ policy: 'zrtp-required' })
    await world.take('b', b.sdp, { early: false })
    await end(a)
    wipeRetained(world.caller)
    expect(keysAmong(held.slice(0, until)).length).toBeGreaterThan(50)
    expect(leftOf(keysAmong(held.slice(0, until)))).toEqual([])
    expect(leftOf(keysAmong(held))).not.toEqual([])
    await end(b)
  })

  it('takes the key of the other device with it, while ours protects the winner', async () => {
    const { a, b } = await forked(overSdes)
    await world.take('b', b.sdp, { early: false })
    await end(a)
    const of = (sdp: string): readonly HeldBuffer[] => {
      inline = []
      noted(sdp)
      return held.filter(({ was }) => was.length >= 28 && inline.some((key) => key.includes(was)))
    }
    expect(of(a.sdp).length).toBeGreaterThan(2)
    expect(leftOf(of(a.sdp))).toEqual([])
    expect(leftOf(of(b.sdp))).not.toEqual([])
    expect(leftOf(of(world.offered))).not.toEqual([])
    await end(b)
  })
})

describe('a description', () => {
  it('that is only looked at leaves none of its keys', async () => {
    const key = Buffer.from('0123456789abcdef0123456789abcd')
    inline = [key.toString('hex')]
    const lines = ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0', 'm=audio 9 RTP/SAVP 0']
    const crypto = `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key.toString('base64')}`
    expect(await world.caller.gateway.inspect([...lines, crypto, ''].join('\r\n'))).toEqual({ video: false })
    expect(secretsAmong(held, inline).length).toBeGreaterThan(1)
    expect(leftOf(secretsAmong(held, inline))).toEqual([])
  })
})
