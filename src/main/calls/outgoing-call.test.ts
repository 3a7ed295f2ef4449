import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CallEnd, CallPolicy } from '#shared/model/calls.ts'
import type { ConversationId } from '#shared/model/ids.ts'
import type { MediaRefusal } from '#main/media/media-port.ts'
import { keys } from '#test/fakes/call-media.ts'
import { CallWorld, conversationId, refusedWith } from '#test/fakes/call-world.ts'
import { settle } from '#test/fakes/fake-clock.ts'

let world: CallWorld
const leaks: unknown[] = []
const note = (error: unknown): void => void leaks.push(error)

beforeEach(() => {
  world = new CallWorld()
  leaks.length = 0
  process.on('unhandledRejection', note)
})

afterEach(async () => {
  await settle()
  process.off('unhandledRejection', note)
  expect(leaks).toEqual([])
})

const failed = (status: number | null) => ({ kind: 'failed', status, elsewhere: false }) as const

describe('an outgoing call', () => {
  it('goes from the microphone to the record', async () => {
    const id = await world.place()
    expect(world.view(id).phase).toBe('calling')
    await world.signal(id, { kind: 'progress', status: 180, branch: 'b1', sdp: null })
    expect(world.view(id).phase).toBe('ringing')
    await world.signal(id, { kind: 'answered', branch: 'b1', sdp: 'answer' })
    await world.signal(id, { kind: 'established' })
    world.media.raise({ kind: 'keys', call: id, keys: keys('zrtp') })
    expect(world.view(id)).toMatchObject({ phase: 'active', security: { readers: 'us-unless-middle' } })
    await world.clock.advance(60_000)
    await world.calls.end({ callId: id })
    expect(world.log).toEqual([
      ...['window', 'engine.open', 'engine.capture mic', 'media.offer zrtp', 'sip.place network offer zrtp'],
      ...['media.takeAnswer b1 answer', 'engine.answer', 'engine.play', 'trust.remember zrtp'],
      ...['ring.stop', 'engine.close', 'sip.end', 'media.close'],
    ])
    expect(world.records).toMatchObject([
      {
        sipCallId: 'sip out 1',
        direction: 'outgoing',
        record: { outcome: 'answered', durationMs: 60_000, readers: 'us-unless-middle', video: false },
      },
    ])
  })

  it.each<[number | null, boolean, CallEnd, string]>([
    [null, false, 'server-unreachable', 'failed'],
    [null, true, 'no-answer', 'cancelled'],
    [403, false, 'failed', 'failed'],
    [404, false, 'unknown-recipient', 'failed'],
    [408, true, 'no-answer', 'cancelled'],
    [410, false, 'unknown-recipient', 'failed'],
    [480, false, 'unreachable', 'failed'],
    [486, true, 'peer-busy', 'busy'],
    [487, true, 'cancelled', 'cancelled'],
    [500, false, 'failed', 'failed'],
    [503, false, 'server-unreachable', 'failed'],
    [600, true, 'peer-busy', 'busy'],
    [603, true, 'peer-declined', 'declined'],
    [604, false, 'unknown-recipient', 'failed'],
  ])('that fails with %s (rang: %s) ends as %s', async (status, rang, end, outcome) => {
    const id = await world.place()
    if (rang) await world.signal(id, { kind: 'progress', status: 180, branch: 'b', sdp: null })
    await world.signal(id, failed(status))
    expect(world.view(id)).toMatchObject({ phase: 'ended', end, mayRetryWithDtls: false })
    expect(world.records).toMatchObject([{ record: { outcome, durationMs: 0, readers: 'securing' } }])
    expect(world.log.at(-1)).toBe('media.close')
  })

  it.each<[MediaRefusal, CallEnd]>([
    ['no-path', 'no-path'],
    ['relay-missing', 'relay-missing'],
    ['no-common-codec', 'no-common-codec'],
    ['engine', 'failed'],
  ])('is not sent when the gateway says %s', async (refusal, end) => {
    world.media.refusals.set('offer', refusal)
    const id = await world.place()
    expect(world.view(id).end).toBe(end)
    expect(world.log.filter((line) => line.startsWith('sip.'))).toEqual(['sip.end'])
  })

  it('says so when there is no server to send it to', async () => {
    world.replies.set('place', refusedWith(null))
    const id = await world.place()
    expect(world.view(id).end).toBe('server-unreachable')
  })

  it('that the user gives up while the engine opens is never sent, and its sockets go', async () => {
    world.engineOffers = false
    const id = await world.place()
    await world.calls.end({ callId: id })
    world.calls.mediaOffer({ legId: world.lastLeg, sdp: 'late' })
    await settle()
    expect(world.log).not.toContain('media.offer zrtp')
    expect(world.view(id)).toMatchObject({ phase: 'ended', end: 'cancelled' })
    expect(world.records).toMatchObject([{ record: { outcome: 'cancelled' } }])
  })

  it('to nobody, to the blocked, and from no account is refused at once', async () => {
    const to = (id: ConversationId) => world.calls.place({ conversationId: id, video: false })
    await expect(to('other' as ConversationId)).rejects.toMatchObject({ code: 'not-found' })
    world.peer = { ...world.peer, policy: 'blocked' }
    await expect(to(conversationId)).rejects.toMatchObject({ code: 'recipient-blocked' })
    world.peer = { ...world.peer, policy: 'accepted' }
    world.account = null
    await expect(to(conversationId)).rejects.toMatchObject({ code: 'not-found' })
    expect(world.log).toEqual([])
  })
})

describe('an address that is to be hidden', () => {
  const relay = { host: '127.0.0.9', port: 3478, username: 'u', password: 'p' }
  const place = (showAddress: boolean) => world.calls.place({ conversationId, video: false, showAddress })

  it('keeps the call from being placed without a relay, unless the user shows it', async () => {
    world.account = world.account && { ...world.account, hideAddress: 'everyone' }
    await expect(place(false)).rejects.toMatchObject({ code: 'address-would-show' })
    expect(world.views).toEqual([])
    expect(world.log).toEqual([])
    await place(true)
    await settle()
    expect(world.media.plans).toMatchObject([{ hideAddress: false }])
  })

  it('is hidden from strangers alone, or from everyone, behind the relay', async () => {
    world.account = world.account && { ...world.account, hideAddress: 'strangers', relay }
    await place(false)
    await settle()
    world.peer = { ...world.peer, policy: 'pending' }
    await place(false)
    await settle()
    world.account = world.account && { ...world.account, hideAddress: 'everyone' }
    world.peer = { ...world.peer, policy: 'accepted' }
    await place(false)
    await settle()
    expect(world.media.plans.map(({ hideAddress }) => hideAddress)).toEqual([false, true, true])
  })
})

describe('a refused description', () => {
  it.each([415, 488, 606])('(%s) leads to one more INVITE with DTLS-SRTP', async (status) => {
    const id = await world.place()
    world.taken()
    await world.signal(id, failed(status))
    expect(world.taken()).toEqual(['media.close', 'media.offer dtls', 'sip.place network offer dtls'])
    expect(world.view(id).phase).toBe('calling')
    await world.signal(id, failed(status))
    expect(world.taken()).toEqual(['media.close', 'media.offer sdes', 'sip.place network offer sdes'])
    await world.signal(id, failed(status))
    expect(world.view(id)).toMatchObject({ end: 'peer-refuses-encryption', mayRetryWithDtls: false })
    expect(world.media.plans).toHaveLength(3)
    expect(world.records).toMatchObject([{ sipCallId: 'sip out 3' }])
  })

  it('has SDES tried last, and only where nobody on the way reads it or the user does not mind', async () => {
    const offers = async (transport: 'udp' | 'tls', callPolicy: CallPolicy, last: typeof world.last = null) => {
      world = new CallWorld()
      world.account = world.account && { ...world.account, transport }
      world.peer = { ...world.peer, callPolicy }
      world.last = last
      const id = await world.place()
      for (let turn = 0; turn < 4; turn += 1) await world.signal(id, failed(488))
      expect(world.view(id).end).toBe('peer-refuses-encryption')
      return world.media.plans.map(({ offer }) => offer)
    }
    expect(await offers('udp', 'zrtp-preferred')).toEqual(['zrtp', 'dtls'])
    expect(await offers('udp', 'sdes-over-tls')).toEqual(['zrtp', 'dtls'])
    expect(await offers('udp', 'any')).toEqual(['zrtp', 'dtls', 'sdes'])
    expect(await offers('tls', 'sdes-over-tls')).toEqual(['zrtp', 'dtls', 'sdes'])
    expect(await offers('tls', 'zrtp-preferred', 'sdes')).toEqual(['sdes', 'zrtp', 'dtls'])
    expect(await offers('tls', 'zrtp-preferred', 'dtls')).toEqual(['dtls', 'zrtp', 'sdes'])
    expect(await offers('tls', 'zrtp-required', 'sdes')).toEqual(['zrtp'])
  })

  it('is learned from once something else is taken', async () => {
    const id = await world.place()
    await world.signal(id, failed(488))
    await world.signal(id, { kind: 'answered', branch: 'b1', sdp: 'answer' })
    await world.signal(id, { kind: 'established' })
    world.media.raise({ kind: 'keys', call: id, keys: keys('dtls') })
    await settle()
    expect(world.log).toContain('trust.remember dtls')
  })

  it('is not tried below the floor of the policy, not even by choice', async () => {
    world.peer = { ...world.peer, callPolicy: 'zrtp-required' }
    const id = await world.place()
    await world.signal(id, failed(488))
    expect(world.view(id)).toMatchObject({ end: 'peer-refuses-encryption', mayRetryWithDtls: false })
    await world.calls.place({ conversationId, video: false, keys: 'dtls' })
    await settle()
    expect(world.media.plans).toMatchObject([
      { offer: 'zrtp', choseDtls: false },
      { offer: 'zrtp', choseDtls: false },
    ])
  })

  it('of a compared contact waits for the user to choose', async () => {
    world.verified = true
    const id = await world.place()
    await world.signal(id, failed(488))
    expect(world.view(id)).toMatchObject({ end: 'peer-refuses-encryption', mayRetryWithDtls: true })
    await world.calls.place({ conversationId, video: false, keys: 'dtls' })
    await settle()
    expect(world.media.plans).toMatchObject([
      { offer: 'zrtp', verified: true, choseDtls: false },
      { offer: 'dtls', verified: true, choseDtls: true },
    ])
  })

  it.each([
    [true, { end: 'downgrade-blocked', security: { warnings: ['downgrade-blocked'] }, mayRetryWithDtls: true }],
    [false, { end: 'peer-refuses-encryption', security: { warnings: [] }, mayRetryWithDtls: false }],
  ] as const)('or a call that stays without keys (compared before: %s) is explained', async (verified, shown) => {
    world.verified = verified
    const id = await world.talking()
    world.media.raise({ kind: 'lost', call: id, why: 'refuses-encryption' })
    await settle()
    expect(world.view(id)).toMatchObject(shown)
  })
})

describe('the first offer', () => {
  const policies: readonly CallPolicy[] = ['zrtp-required', 'zrtp-preferred', 'sdes-over-tls', 'any']

  it.each(policies)('under %s is what last worked, as far as that may be', async (policy) => {
    world.peer = { ...world.peer, callPolicy: policy }
    for (const last of [null, 'zrtp', 'sdes', 'dtls'] as const) {
      world.last = last
      await world.place()
    }
    const strict = policy === 'zrtp-required'
    expect(world.media.plans.map(({ offer }) => offer)).toEqual(
      strict ? ['zrtp', 'zrtp', 'zrtp', 'zrtp'] : ['zrtp', 'zrtp', 'sdes', 'dtls'],
    )
  })

  it('has no keys in clear signalling, and is ZRTP for a compared contact', async () => {
    world.last = 'sdes'
    world.account = world.account && { ...world.account, transport: 'udp' }
    await world.place()
    world.verified = true
    world.last = 'dtls'
    await world.place()
    expect(world.media.plans).toMatchObject([{ offer: 'zrtp', signallingSecure: false }, { offer: 'zrtp' }])
  })

  it('follows the contact before the account, in both directions', async () => {
    world.peer = { ...world.peer, callPolicy: 'any' }
    await world.place()
    world.account = world.account && { ...world.account, callPolicy: 'any' }
    world.peer = { ...world.peer, callPolicy: 'zrtp-required' }
    await world.place()
    expect(world.media.plans.map(({ policy }) => policy)).toEqual(['any', 'zrtp-required'])
  })
})

describe('sound before the answer', () => {
  it('is heard by branch; a branch that cannot be heard does not end the call', async () => {
    const id = await world.place()
    world.media.refusals.set('takeAnswer', 'no-common-codec')
    await world.signal(id, { kind: 'progress', status: 183, branch: 'b1', sdp: 'one' })
    expect(world.view(id)).toMatchObject({ phase: 'ringing', earlyMedia: false })
    await world.signal(id, { kind: 'progress', status: 183, branch: 'b2', sdp: 'two' })
    expect(world.view(id)).toMatchObject({ phase: 'ringing', earlyMedia: true })
    await world.signal(id, { kind: 'answered', branch: 'b2', sdp: 'two' })
    await world.signal(id, { kind: 'established' })
    expect(world.view(id)).toMatchObject({ phase: 'active', earlyMedia: false })
    expect(world.log.filter((line) => line.startsWith('media.takeAnswer'))).toEqual([
      'media.takeAnswer b1 one',
      'media.takeAnswer b2 two',
      'media.takeAnswer b2 two',
    ])
  })

  it('of the answer itself ends the call where it will not do', async () => {
    const id = await world.place()
    world.media.refusals.set('takeAnswer', 'needs-encryption')
    await world.signal(id, { kind: 'answered', branch: 'b', sdp: 'bad' })
    expect(world.view(id).end).toBe('peer-needs-encryption')
    expect(world.log).toContain('sip.end')
  })
})

describe('the engine', () => {
  it.each([
    ['microphone-denied', 'microphone-denied'],
    ['microphone-missing', 'microphone-denied'],
    ['engine', 'failed'],
  ] as const)('that says %s ends the call', async (reason, end) => {
    world.engineOffers = false
    const id = await world.place()
    world.calls.mediaFailed({ legId: world.lastLeg, reason })
    await settle()
    expect(world.view(id).end).toBe(end)
    expect(world.log).not.toContain('media.offer zrtp')
  })

  it('without a camera goes on with sound, also while it still makes its offer', async () => {
    world.engineOffers = false
    const id = await world.place(true)
    world.calls.mediaFailed({ legId: world.lastLeg, reason: 'camera-denied' })
    world.calls.mediaOffer({ legId: world.lastLeg, sdp: 'renderer offer' })
    await settle()
    expect(world.view(id)).toMatchObject({ phase: 'calling', camera: false, video: true })
  })

  it('in a window that opens late is asked again, devices too', async () => {
    world.engineOffers = false
    await world.place()
    world.taken()
    world.calls.mediaReady()
    expect(world.taken()).toEqual(['engine.open', 'engine.capture mic'])
  })

  it('that never answers ends the call after its time', async () => {
    world.engineOffers = false
    const id = await world.place()
    await world.clock.advance(15_000)
    expect(world.view(id).end).toBe('failed')
  })

  it('that is loaded again has lost the call, whatever it was doing', async () => {
    const id = await world.talking()
    world.engineOffers = false
    void world.calls.setCamera({ callId: id, on: true })
    await settle()
    world.calls.mediaReady()
    await settle()
    expect(world.view(id).end).toBe('failed')
  })
})

describe('whatever fails', () => {
  it.each(['offer', 'takeAnswer'] as const)('in the gateway’s %s, the call ends and nothing leaks', async (kind) => {
    world.media.failures.add(kind)
    const id = await world.place()
    await world.signal(id, { kind: 'answered', branch: 'b', sdp: 'answer' })
    expect(world.view(id).end).toBe('failed')
    expect(world.complaints).toEqual(['call.step-failed'])
  })

  it('at the end, the rest still ends', async () => {
    world.broken.add('end')
    world.media.failures.add('close')
    world.recordsFail = true
    world.trustFails = true
    const id = await world.talking()
    world.media.raise({ kind: 'keys', call: id, keys: keys('zrtp') })
    world.media.raise({ kind: 'zrtp-peer', call: id, peerZid: new Uint8Array(12) })
    await world.calls.end({ callId: id })
    expect(world.view(id).end).toBe('hung-up')
    expect(world.log).toContain('engine.close')
    expect(world.log.at(-1)).toBe('media.close')
    expect(world.media.secrets).toEqual([null])
  })
})
