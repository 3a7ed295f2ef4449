import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CallId, CallReaders } from '#shared/model/calls.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { MediaEvent, MediaKeys } from '#main/media/media-port.ts'
import { keys } from '#test/fakes/call-media.ts'
import { CallWorld, refusedWith } from '#test/fakes/call-world.ts'
import { settle } from '#test/fakes/fake-clock.ts'

let world: CallWorld
let id: CallId
const leaks: unknown[] = []
const note = (error: unknown): void => void leaks.push(error)

beforeEach(async () => {
  world = new CallWorld()
  leaks.length = 0
  process.on('unhandledRejection', note)
  id = await world.talking()
  world.taken()
})

afterEach(async () => {
  await settle()
  process.off('unhandledRejection', note)
  expect(leaks).toEqual([])
})

describe('hold', () => {
  it('is offered, answered and taken back', async () => {
    await world.calls.setHeld({ callId: id, held: true })
    expect(world.view(id).held).toBe('by-us')
    expect(world.taken()).toEqual([
      ...['media.reoffer held sound -', 'sip.offer offer held sound'],
      ...['media.takeAnswer  new answer', 'engine.answer'],
    ])
    await world.calls.setHeld({ callId: id, held: true })
    expect(world.taken()).toEqual([])
    await world.calls.setHeld({ callId: id, held: false })
    expect(world.view(id).held).toBe('no')
    expect(world.taken()).toContain('sip.offer offer free sound')
  })

  it('of the other side is shown, alone or with ours', async () => {
    world.media.answered = { ...world.media.answered, rendererSdp: null, heldByPeer: true }
    await world.signal(id, { kind: 'reoffered', offer: 3, sdp: 'their hold' })
    expect(world.view(id).held).toBe('by-peer')
    expect(world.taken()).toEqual(['media.answer their hold -', 'sip.answer network answer'])
    await world.calls.setHeld({ callId: id, held: true })
    expect(world.view(id).held).toBe('by-both')
  })

  it.each([
    ['refused', () => world.replies.set('offer', refusedWith(488))],
    ['not heard', () => world.replies.set('offer', refusedWith(null))],
    ['impossible', () => world.media.refusals.set('reoffer', 'no-path')],
  ])('that is %s leaves everything as it was, at the gateway too', async (_how, prepare) => {
    prepare()
    await world.calls.setHeld({ callId: id, held: true })
    expect(world.view(id)).toMatchObject({ held: 'no', phase: 'active' })
    expect(world.taken().at(-1)).toBe('media.takeBack free sound')
  })
})

describe('pictures', () => {
  it('are offered with the engine’s new offer, once', async () => {
    world.media.answered = { ...world.media.answered, video: true }
    await world.calls.setCamera({ callId: id, on: true })
    expect(world.taken()).toEqual([
      ...['engine.capture mic+cam', 'engine.renegotiate', 'media.reoffer free video renderer offer'],
      ...['sip.offer offer free video', 'media.takeAnswer  new answer', 'engine.answer'],
    ])
    expect(world.view(id)).toMatchObject({ video: true, camera: true })
    await world.calls.setCamera({ callId: id, on: false })
    await world.calls.setCamera({ callId: id, on: true })
    expect(world.taken()).toEqual(['engine.capture mic', 'engine.capture mic+cam'])
  })

  it.each([
    ['refused', () => world.replies.set('offer', refusedWith(488))],
    ['answered without', () => (world.media.answered = { ...world.media.answered, video: false })],
    ['not made by the engine', () => (world.engineOffers = false)],
  ])('that are %s put the camera out', async (_how, prepare) => {
    prepare()
    const turning = world.calls.setCamera({ callId: id, on: true })
    await world.clock.advance(15_000)
    await turning
    expect(world.view(id)).toMatchObject({ video: false, camera: false, phase: 'active' })
    expect(world.taken().findLast((line) => line.startsWith('engine.capture'))).toBe('engine.capture mic')
  })

  it('that are refused do not leave the engine waiting for an answer', async () => {
    world.media.takenBack = 'as before'
    world.replies.set('offer', refusedWith(488))
    await world.calls.setCamera({ callId: id, on: true })
    expect(world.taken().slice(-2)).toEqual(['media.takeBack free sound', 'engine.answer'])
  })

  it('cannot be turned on before the call is up', async () => {
    const other = await world.place()
    world.taken()
    await world.calls.setCamera({ callId: other, on: true })
    expect(world.view(other).camera).toBe(false)
    expect(world.taken().filter((line) => line.startsWith('engine.capture'))).toEqual([])
  })
})

describe('an offer of the other side', () => {
  it('that will not do is refused, and the call goes on', async () => {
    world.media.refusals.set('answer', 'downgrade')
    await world.signal(id, { kind: 'reoffered', offer: 1, sdp: 'clear' })
    expect(world.taken()).toEqual(['media.answer clear -', 'sip.refuse 488'])
    expect(world.view(id).phase).toBe('active')
  })

  it('without a description gets ours', async () => {
    await world.signal(id, { kind: 'reoffered', offer: 1, sdp: null })
    await world.signal(id, { kind: 'answered', branch: null, sdp: 'theirs' })
    expect(world.taken()).toEqual([
      ...['media.reoffer free sound -', 'sip.answer offer free sound'],
      ...['media.takeAnswer  theirs', 'engine.answer'],
    ])
  })

  it('is answered while ours waits its turn after a glare', async () => {
    let settleOffer: () => void = () => undefined
    const pending = new Promise<void>((resolve) => (settleOffer = resolve))
    world.waitFor.set('offer', pending)
    const holding = world.calls.setHeld({ callId: id, held: true })
    await settle()
    await world.signal(id, { kind: 'reoffered', offer: 1, sdp: 'theirs' })
    expect(world.taken()).toContain('sip.answer network answer')
    settleOffer()
    await holding
    expect(world.view(id).held).toBe('by-us')
  })
})

describe('pictures that the other side brings in', () => {
  it('are shown at once, with our camera off', async () => {
    world.media.inspected = { video: true }
    world.media.answered = { ...world.media.answered, video: true }
    await world.signal(id, { kind: 'reoffered', offer: 1, sdp: 'theirs' })
    expect(world.taken()).toEqual([
      ...['engine.renegotiate', 'media.answer theirs renderer offer', 'engine.answer', 'sip.answer network answer'],
    ])
    expect(world.view(id)).toMatchObject({ video: true, camera: false })
    await world.signal(id, { kind: 'reoffered', offer: 2, sdp: 'again' })
    expect(world.taken()).not.toContain('engine.renegotiate')
    await world.calls.setCamera({ callId: id, on: true })
    expect(world.taken()).toEqual(['engine.capture mic+cam'])
  })

  it('leave the engine as it was where they will not do', async () => {
    world.media.inspected = { video: true }
    world.media.refusals.set('answer', 'malformed')
    world.media.takenBack = 'as before'
    await world.signal(id, { kind: 'reoffered', offer: 1, sdp: 'theirs' })
    expect(world.taken()).toEqual([
      ...['engine.renegotiate', 'media.answer theirs renderer offer', 'media.takeBack free sound', 'engine.answer'],
      'sip.refuse 488',
    ])
    expect(world.view(id)).toMatchObject({ phase: 'active', video: false })
  })
})

describe('offers that cross', () => {
  it('are made anew with what is agreed by then', async () => {
    vi.spyOn(world.replies, 'get').mockReturnValueOnce(refusedWith(491))
    world.media.answered = { ...world.media.answered, video: true }
    await world.calls.setCamera({ callId: id, on: true })
    const lines = world.taken().filter((line) => /^(media|sip)/.test(line))
    expect(lines.slice(0, 4)).toEqual([
      ...['media.reoffer free video renderer offer', 'sip.offer offer free video'],
      ...['media.takeBack free sound', 'media.reoffer free video renderer offer'],
    ])
    expect(lines.at(-1)).toBe('media.takeAnswer  new answer')
    expect(world.view(id)).toMatchObject({ video: true, camera: true })
  })

  it('every time are given up after the third', async () => {
    world.replies.set('offer', refusedWith(491))
    await world.calls.setHeld({ callId: id, held: true })
    expect(world.taken().filter((line) => line.startsWith('sip.offer'))).toHaveLength(3)
    expect(world.view(id).held).toBe('no')
  })
})

describe('another path', () => {
  const restarts = (): number => world.taken().filter((line) => line.startsWith('sip.offer')).length

  it('is asked for until the signalling has found its own', async () => {
    world.replies.set('offer', refusedWith(null))
    world.media.raise({ kind: 'restart-needed', call: id })
    await settle()
    expect(restarts()).toBe(1)
    await world.clock.advance(5_000)
    expect(restarts()).toBe(10)
    world.replies.delete('offer')
    await world.clock.advance(500)
    expect(restarts()).toBe(1)
    await world.clock.advance(60_000)
    expect(restarts()).toBe(0)
  })

  it('is not asked for again where the other side refuses, nor for ever', async () => {
    world.replies.set('offer', refusedWith(488))
    world.media.raise({ kind: 'restart-needed', call: id })
    await world.clock.advance(5_000)
    expect(restarts()).toBe(1)
    world.replies.set('offer', refusedWith(null))
    world.media.raise({ kind: 'restart-needed', call: id })
    await world.clock.advance(600_000)
    const lines = world.taken()
    expect(lines.filter((line) => line.startsWith('sip.offer'))).toHaveLength(60)
    expect(lines.at(-1)).toBe('media.takeBack free sound')
    expect(world.view(id).phase).toBe('active')
  })

  it('is asked for once more when the addresses change while it is', async () => {
    let settleOffer: () => void = () => undefined
    world.waitFor.set('offer', new Promise<void>((resolve) => (settleOffer = resolve)))
    for (let change = 0; change < 3; change += 1) world.media.raise({ kind: 'restart-needed', call: id })
    await settle()
    world.waitFor.delete('offer')
    settleOffer()
    await settle()
    await settle()
    expect(restarts()).toBe(2)
  })

  it('is offered with an ICE restart', async () => {
    world.media.raise({ kind: 'restart-needed', call: id })
    await settle()
    expect(world.taken().slice(0, 2)).toEqual([
      'media.reoffer free sound restart -',
      'sip.offer offer free sound restart',
    ])
  })
})

describe('keys that come to their end', () => {
  it('are offered anew, on the same path', async () => {
    world.media.raise({ kind: 'rekey-needed', call: id })
    await settle()
    expect(world.taken().slice(0, 2)).toEqual(['media.reoffer free sound -', 'sip.offer offer free sound'])
  })
})

describe('transfer', () => {
  const to = 'bob@example.org' as Aor
  const asked = { to, state: 'asked' }

  it('goes from asked over trying to done', async () => {
    await world.calls.transfer({ callId: id, to })
    await world.signal(id, { kind: 'transfer', status: 100 })
    expect(world.view(id).transfer).toEqual(asked)
    await world.signal(id, { kind: 'transfer', status: 180 })
    expect(world.view(id).transfer).toEqual({ to, state: 'trying' })
    await world.signal(id, { kind: 'transfer', status: 200 })
    expect(world.view(id)).toMatchObject({ phase: 'ended', end: 'transferred' })
  })

  it.each([486, null])('that fails (%s) leaves the call', async (status) => {
    await world.calls.transfer({ callId: id, to })
    await world.signal(id, { kind: 'transfer', status })
    expect(world.view(id)).toMatchObject({ phase: 'active', transfer: { state: 'failed' } })
  })

  it('that cannot be asked for failed; one that was never asked for says nothing', async () => {
    await world.signal(id, { kind: 'transfer', status: 200 })
    expect(world.view(id)).toMatchObject({ phase: 'active', transfer: null })
    world.replies.set('transfer', refusedWith(481))
    await world.calls.transfer({ callId: id, to })
    expect(world.view(id).transfer).toEqual({ to, state: 'failed' })
  })
})

describe('keys', () => {
  const raise = async (event: MediaEvent): Promise<void> => {
    world.media.raise(event)
    await settle()
  }
  const agreed = (method: MediaKeys['method'], more: Partial<MediaKeys> = {}) =>
    raise({ kind: 'keys', call: id, keys: keys(method, more) })
  const zid = new Uint8Array(12).fill(7)
  const retain = (): MediaEvent => ({
    ...{ kind: 'zrtp-retain', call: id, peerZid: zid },
    ...{ rs1: new Uint8Array(32), rs2: null, verified: false, isKnown: false },
  })
  const kept = { rs1: new Uint8Array(32), rs2: null, verified: true, name: 'laptop' }

  it.each<[MediaKeys['method'], boolean, CallReaders]>([
    ['zrtp', false, 'us-unless-middle'],
    ['zrtp', true, 'only-us'],
    ['dtls', false, 'servers-could'],
    ['sdes', false, 'servers-can'],
    ['none', false, 'anyone'],
  ])('of %s (remembered: %s) can be had by %s', async (method, remembered, readers) => {
    expect(world.view(id).security.readers).toBe('securing')
    await agreed(method, { remembered })
    expect(world.view(id).security).toMatchObject({ readers, method })
    // The offer with ZRTP was taken, with SDES beside it or with nothing.
    expect(world.taken()).toEqual([`trust.remember ${method === 'none' ? 'as-before' : 'zrtp'}`])
  })

  it('that went through clear signalling are anybody’s', async () => {
    world.account = world.account && { ...world.account, transport: 'udp', callPolicy: 'any' }
    id = await world.talking()
    await agreed('sdes')
    expect(world.view(id).security.readers).toBe('anyone')
  })

  it('are asked for by ZID; the device gets its name once it proved itself', async () => {
    world.secrets = kept
    await raise({ kind: 'zrtp-peer', call: id, peerZid: zid })
    expect(world.media.secrets).toEqual([kept])
    expect(world.view(id).security.peerDeviceName).toBe('')
    await agreed('zrtp', { remembered: true })
    expect(world.view(id).security).toMatchObject({ peerDeviceName: 'laptop', comparison: 'remembered' })
  })

  it('of somebody who only uses the ZID have no name', async () => {
    world.secrets = kept
    await raise({ kind: 'zrtp-peer', call: id, peerZid: zid })
    await agreed('zrtp', { warnings: ['secrets-differ'] })
    expect(world.view(id).security).toMatchObject({
      ...{ peerDeviceName: '', comparison: 'compare', warnings: ['secrets-differ'], readers: 'us-unless-middle' },
    })
  })

  it('of a device that was never compared are warned of where another one was', async () => {
    await agreed('zrtp')
    expect(world.view(id).security.warnings).toEqual([])
    world.verified = true
    id = await world.talking()
    await agreed('zrtp')
    expect(world.view(id).security).toMatchObject({ comparison: 'compare', warnings: ['new-device'] })
    await agreed('zrtp', { warnings: ['secrets-differ'] })
    expect(world.view(id).security.warnings).toEqual(['secrets-differ'])
    await agreed('zrtp')
    await world.calls.compared({ callId: id, equal: true, deviceName: 'phone' })
    expect(world.view(id).security).toMatchObject({ comparison: 'verified', warnings: [] })
  })

  it('that were compared count, after what a mismatch held back was kept', async () => {
    await agreed('zrtp', { warnings: ['secrets-differ', 'peer-discloses'] })
    world.taken()
    world.media.onCompared = () => world.media.raise(retain())
    await world.calls.compared({ callId: id, equal: true, deviceName: 'phone' })
    expect(world.taken()).toEqual(['media.compared true', 'trust.keep', 'trust.verified true phone'])
    expect(world.view(id).security).toMatchObject({
      ...{ comparison: 'verified', readers: 'only-us', peerDeviceName: 'phone', warnings: ['peer-discloses'] },
    })
    await agreed('zrtp')
    expect(world.view(id).security).toMatchObject({ comparison: 'verified', peerDeviceName: 'phone' })
  })

  it('that differ are not trusted any more, not even when the other side remembers', async () => {
    await agreed('zrtp', { remembered: true })
    world.taken()
    await world.calls.compared({ callId: id, equal: false, deviceName: '' })
    expect(world.taken()).toEqual(['media.compared false', 'trust.verified false '])
    await agreed('zrtp', { remembered: true, cipher: 'other' })
    expect(world.view(id).security).toMatchObject({
      ...{ comparison: 'compare', readers: 'us-unless-middle', warnings: ['letters-differ'] },
    })
  })

  it('without ZRTP cannot be compared', async () => {
    await agreed('dtls')
    await expect(world.calls.compared({ callId: id, equal: true, deviceName: '' })).rejects.toMatchObject({
      code: 'not-found',
    })
  })

  it.each([
    ['attack-noticed', 'attack-noticed'],
    ['keys-failed', 'keys-failed'],
    ['keys-used-up', 'keys-used-up'],
    ['media-lost', 'media-lost'],
    ['no-path', 'no-path'],
    ['engine', 'failed'],
  ] as const)('or media lost by %s end the call as %s', async (why, end) => {
    await raise({ kind: 'lost', call: id, why })
    expect(world.view(id).end).toBe(end)
    expect(world.log).toContain('sip.end')
    await raise({ kind: 'lost', call: id, why })
    expect(world.records).toHaveLength(1)
  })
})

describe('digits and mute', () => {
  it('are the engine’s to send under DTLS-SRTP', async () => {
    world.media.raise({ kind: 'keys', call: id, keys: keys('dtls') })
    await settle()
    world.taken()
    await world.calls.sendDigit({ callId: id, digit: '#' })
    expect(world.taken()).toEqual(['engine.digit'])
    expect(world.engineCommands.at(-1)).toEqual({ kind: 'digit', legId: world.lastLeg, digit: '#' })
  })

  it('reach the gateway and the view', async () => {
    await world.calls.sendDigit({ callId: id, digit: '#' })
    expect(world.taken()).toEqual(['media.digit #'])
    world.calls.setMuted({ callId: id, muted: true })
    expect(world.view(id).muted).toBe(true)
  })
})

describe('an ended call', () => {
  it('leaves the screen by itself when nothing needs to be said', async () => {
    await world.calls.end({ callId: id })
    expect(world.views).toHaveLength(1)
    await world.clock.advance(5_000)
    expect(world.views).toEqual([])
  })

  it('stays until dismissed when something does; a running one cannot be dismissed', async () => {
    world.calls.dismiss({ callId: id })
    expect(world.views).toHaveLength(1)
    world.media.raise({ kind: 'lost', call: id, why: 'attack-noticed' })
    await world.clock.advance(60_000)
    expect(world.views).toHaveLength(1)
    world.calls.dismiss({ callId: id })
    expect(world.views).toEqual([])
    await expect(Promise.resolve().then(() => world.calls.end({ callId: id }))).rejects.toMatchObject({
      code: 'not-found',
    })
  })

  it('makes room for a new one to the same contact', async () => {
    world.media.raise({ kind: 'lost', call: id, why: 'attack-noticed' })
    await settle()
    const next = await world.place()
    expect(world.views.map((view) => view.id)).toEqual([next])
  })
})
