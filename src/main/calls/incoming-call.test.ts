import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CallId } from '#shared/model/calls.ts'
import type { ConversationId } from '#shared/model/ids.ts'
import type { CallSignal } from '#main/accounts/signalling-port-calls.ts'
import type { MediaRefusal } from '#main/media/media-port.ts'
import { keys } from '#test/fakes/call-media.ts'
import { anna, CallWorld, refusedWith } from '#test/fakes/call-world.ts'
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

const accept = (callId: CallId, video = false) => world.calls.accept({ callId, video })
const cancelled = { kind: 'failed', status: null, elsewhere: false } as const

describe('an incoming call', () => {
  it('rings, and nothing else happens until it is taken', async () => {
    const id = await world.ringing()
    expect(world.taken()).toEqual(['ring Anna'])
    expect(world.view(id)).toMatchObject({ phase: 'incoming', direction: 'incoming', video: false })
    await accept(id)
    await settle()
    expect(world.taken()).toEqual([
      ...['ring.stop', 'window', 'engine.open', 'engine.capture mic'],
      ...['media.answer offer renderer offer', 'engine.answer', 'sip.accept network answer'],
    ])
    expect(world.view(id).phase).toBe('connecting')
    await world.signal(id, { kind: 'established' })
    await world.clock.advance(5_000)
    await world.signal(id, { kind: 'ended', byUs: false })
    expect(world.view(id).end).toBe('peer-hung-up')
    expect(world.records).toMatchObject([
      { sipCallId: 'sip in', direction: 'incoming', record: { outcome: 'answered', durationMs: 5_000 } },
    ])
  })

  it('of a conversation that is to be quiet rings without a sound', async () => {
    world.peer = { ...world.peer, muted: true }
    await world.ringing()
    expect(world.log).toEqual(['ring Anna silent'])
  })

  it.each([
    [false, 603],
    [true, 486],
  ])('is declined (busy: %s) with %s', async (busy, status) => {
    const id = await world.ringing()
    await world.calls.decline({ callId: id, busy })
    expect(world.taken()).toEqual(['ring Anna', 'ring.stop', `sip.end ${status}`, 'media.close'])
    expect(world.records).toMatchObject([{ record: { outcome: 'declined' } }])
  })

  it('given up by the caller is missed, and said to be', async () => {
    const id = await world.ringing()
    await world.signal(id, cancelled)
    expect(world.view(id)).toMatchObject({ phase: 'ended', end: 'missed' })
    expect(world.records).toMatchObject([{ sipCallId: 'sip in', record: { outcome: 'missed' } }])
    expect(world.log).toContain('missed Anna')
  })

  it('takes the place of an ended call with the same person', async () => {
    await world.signal(await world.ringing('first'), cancelled)
    await world.ringing('second')
    expect(world.calls.list().calls.map(({ id, phase }) => [id, phase])).toEqual([['second', 'incoming']])
    await world.signal('second' as CallId, cancelled)
    await world.place()
    expect(world.calls.list().calls.map(({ direction }) => direction)).toEqual(['outgoing'])
  })

  it('taken on another device is not missed', async () => {
    const id = await world.ringing()
    await world.signal(id, { ...cancelled, elsewhere: true })
    expect(world.view(id).end).toBe('answered-elsewhere')
    expect(world.records).toMatchObject([{ record: { outcome: 'elsewhere' } }])
    expect(world.log).not.toContain('missed Anna')
  })

  it('given up while its offer is looked at is missed without a ring', async () => {
    const held = Promise.withResolvers<undefined>()
    world.media.inspecting = held.promise
    const id = await world.ringing()
    await world.signal(id, cancelled)
    held.resolve(undefined)
    await settle()
    expect(world.view(id).end).toBe('missed')
    expect(world.log).not.toContain('ring Anna')
    expect(world.log).toContain('missed Anna')
  })

  it('given up while the user takes it stays ended', async () => {
    const id = await world.ringing()
    world.engineOffers = false
    await accept(id)
    await settle()
    await world.signal(id, cancelled)
    expect(world.view(id)).toMatchObject({ phase: 'ended', end: 'missed' })
    expect(world.log).toContain('engine.close')
    expect(world.log).not.toContain('sip.accept network answer')
  })

  it('given up while the user’s trust is read is not brought back', async () => {
    const id = await world.ringing()
    const refused = expect(accept(id)).rejects.toMatchObject({ code: 'not-found' })
    await world.signal(id, cancelled)
    await refused
    expect(world.view(id).phase).toBe('ended')
    expect(world.log).not.toContain('engine.open')
  })

  it('is taken once, however often it is asked for', async () => {
    const id = await world.ringing()
    const [first, second] = [accept(id), accept(id)]
    await expect(second).rejects.toMatchObject({ code: 'not-found' })
    await first
    await settle()
    await expect(accept(id)).rejects.toMatchObject({ code: 'not-found' })
    expect(world.log.filter((line) => line === 'engine.open')).toHaveLength(1)
  })

  it('that would show the address goes on ringing until the user lets it', async () => {
    world.account = world.account && { ...world.account, hideAddress: 'everyone' }
    const id = await world.ringing()
    await expect(accept(id)).rejects.toMatchObject({ code: 'address-would-show' })
    expect(world.view(id).phase).toBe('incoming')
    expect(world.taken()).toEqual(['ring Anna'])
    await world.calls.accept({ callId: id, video: false, showAddress: true })
    await settle()
    expect(world.view(id).phase).toBe('connecting')
  })

  it.each([
    ['with pictures', true, '+cam', true],
    ['with sound alone', false, '', false],
  ])('of pictures is taken %s', async (_how, video, camera, planned) => {
    world.media.inspected = { video: true }
    world.media.answered = { ...world.media.answered, video }
    const id = await world.ringing()
    expect(world.view(id).video).toBe(true)
    await accept(id, video)
    await settle()
    expect(world.log).toContain(`engine.capture mic${camera}`)
    expect(world.media.plans).toMatchObject([{ video: planned }])
    expect(world.view(id)).toMatchObject({ video, camera: video })
  })

  it('of sound never opens the camera', async () => {
    const id = await world.ringing()
    await accept(id, true)
    await settle()
    expect(world.log).not.toContain('engine.capture mic+cam')
    expect(world.media.plans).toMatchObject([{ video: false }])
  })

  it('without an offer gets ours, and takes the answer of the ACK', async () => {
    const id = await world.ringing('late', null)
    await accept(id)
    await settle()
    expect(world.log).toContain('sip.accept network offer zrtp')
    await world.signal(id, { kind: 'answered', branch: null, sdp: 'in the ACK' })
    await world.signal(id, { kind: 'established' })
    expect(world.log).toContain('media.takeAnswer  in the ACK')
    expect(world.view(id).phase).toBe('active')
  })

  it.each<[MediaRefusal, string, number]>([
    ['needs-encryption', 'peer-needs-encryption', 488],
    ['downgrade', 'downgrade-blocked', 488],
    ['no-common-codec', 'no-common-codec', 488],
    ['malformed', 'failed', 488],
    ['no-path', 'no-path', 480],
    ['relay-missing', 'relay-missing', 480],
    ['engine', 'failed', 480],
  ])('whose offer means %s ends as %s with %s', async (refusal, end, status) => {
    world.media.refusals.set('answer', refusal)
    const id = await world.ringing()
    await accept(id)
    await settle()
    const warnings = refusal === 'downgrade' ? ['downgrade-blocked'] : []
    // Whoever is called chooses no weaker keys for the caller.
    expect(world.view(id)).toMatchObject({ end, security: { warnings }, mayRetryWithDtls: false })
    expect(world.log).toContain(`sip.end ${status}`)
  })

  it('without a microphone is refused, and the user hears why', async () => {
    world.engineOffers = false
    const id = await world.ringing()
    await accept(id)
    world.calls.mediaFailed({ legId: world.lastLeg, reason: 'microphone-denied' })
    await settle()
    expect(world.view(id).end).toBe('microphone-denied')
    expect(world.log).toContain('sip.end 480')
  })

  it('that the signalling has lost ends', async () => {
    world.replies.set('accept', refusedWith(481))
    const id = await world.ringing()
    await accept(id)
    await settle()
    expect(world.view(id).end).toBe('failed')
  })

  it('loses nothing when the window is closed while it rings', async () => {
    const id = await world.ringing()
    world.calls.mediaReady()
    await settle()
    expect(world.view(id).phase).toBe('incoming')
    await accept(id)
    await settle()
    expect(world.log).toContain('window')
  })
})

describe('a caller', () => {
  it.each([
    ['that is blocked', 480, () => (world.peer = { ...world.peer, policy: 'blocked' })],
    ['with nothing of a call', 488, () => (world.media.inspected = null)],
    ['of an account that is gone', 488, () => (world.account = null)],
    ['that the worker dies of', 480, () => world.media.failures.add('inspect')],
  ])('%s hears %s, and nobody is disturbed', async (_who, status, prepare) => {
    prepare()
    await world.ringing()
    expect(world.taken()).toEqual([`sip.end ${status}`])
    expect(world.views).toEqual([])
    expect(world.records).toEqual([])
  })

  it('turned away because too many call is missed', async () => {
    const turnedAway = { kind: 'turned-away', from: anna, fromName: '', sipCallId: 'sip x' } as const
    await world.signal('x' as CallId, turnedAway)
    expect(world.records).toMatchObject([{ sipCallId: 'sip x', direction: 'incoming', record: { outcome: 'missed' } }])
    expect(world.taken()).toEqual(['missed Anna'])
    world.peer = { ...world.peer, policy: 'blocked' }
    await world.signal('y' as CallId, turnedAway)
    expect(world.records).toHaveLength(1)
    world.peer = { ...world.peer, policy: 'none' }
    world.recordsFail = true
    await world.signal('z' as CallId, turnedAway)
    expect(world.complaints).toEqual(['calls.record-failed'])
  })

  it('of many cannot fill the screen or hide the call that runs', async () => {
    const talking = await world.talking()
    for (let at = 0; at < 20; at += 1) {
      world.peer = { ...world.peer, conversationId: `stranger ${at}` as ConversationId }
      const id = await world.ringing(`flood ${at}`)
      await world.signal(id, cancelled)
    }
    expect(world.views).toHaveLength(5)
    expect(world.views.map(({ id }) => id)).toContain(talking)
    expect(world.records).toHaveLength(20)
  })
})

describe('before the user takes a call', () => {
  const forged: readonly CallSignal[] = [
    { kind: 'answered', branch: 'evil', sdp: 'evil' },
    { kind: 'established' },
    { kind: 'reoffered', offer: 1, sdp: 'evil' },
    { kind: 'reoffered', offer: 2, sdp: null },
    { kind: 'progress', status: 183, branch: 'evil', sdp: 'evil' },
    { kind: 'picture-wanted' },
    { kind: 'tone', tone: '1' },
    { kind: 'transfer', status: 200 },
  ]

  it.each(forged.map((signal) => [signal.kind, signal] as const))(
    'a forged %s changes nothing',
    async (_kind, signal) => {
      const id = await world.ringing()
      const before = world.view(id)
      world.taken()
      await world.signal(id, signal)
      expect(world.view(id)).toEqual(before)
      const lines = world.taken()
      expect(lines).toEqual(signal.kind === 'reoffered' ? ['sip.refuse 491'] : [])
    },
  )

  it('neither gateway nor engine is asked for anything, in whatever order they come', async () => {
    const id = await world.ringing()
    for (const signal of [...forged, ...forged.toReversed()]) await world.signal(id, signal)
    await world.calls.setCamera({ callId: id, on: true })
    await world.calls.setHeld({ callId: id, held: true })
    await world.calls.sendDigit({ callId: id, digit: '5' })
    world.media.raise({ kind: 'restart-needed', call: id })
    await settle()
    expect(world.log.filter((line) => /^(media|engine|window)/.test(line))).toEqual([])
    expect(world.view(id)).toMatchObject({ phase: 'incoming', camera: false })
    await accept(id)
    await settle()
    expect(world.view(id).phase).toBe('connecting')
  })
})

describe('call waiting', () => {
  it('holds who is talked to when another call is taken', async () => {
    const first = await world.talking()
    const second = await world.ringing()
    expect(world.view(first).held).toBe('no')
    await accept(second)
    await settle()
    expect(world.view(first).held).toBe('by-us')
    expect(world.log).toContain('sip.offer offer held sound')
  })

  it('does not wait for the one that is held', async () => {
    const first = await world.talking()
    world.replies.set('offer', refusedWith(500))
    const second = await world.place()
    await settle()
    expect(world.view(second).phase).toBe('calling')
    expect(world.view(first)).toMatchObject({ phase: 'active', held: 'no' })
  })
})

describe('when the program stops', () => {
  it('what runs says goodbye, what rings goes on ringing elsewhere, and nothing rings any more', async () => {
    const talking = await world.talking()
    const ringing = await world.ringing()
    world.taken()
    await world.calls.stop()
    expect(world.view(talking).end).toBe('hung-up')
    expect(world.view(ringing).end).toBe('missed')
    const lines = world.taken()
    expect(lines.slice(0, 1)).toEqual(['signalling.unheard'])
    expect(lines).toEqual(expect.arrayContaining(['sip.end', 'sip.end 480', 'ring.stop', 'engine.close']))
    expect(world.records.map(({ record }) => record.outcome).toSorted()).toEqual(['answered', 'missed'])
  })

  it('an offer that is being looked at is let go', async () => {
    const held = Promise.withResolvers<undefined>()
    world.media.inspecting = held.promise
    await world.ringing()
    await world.calls.stop()
    held.resolve(undefined)
    await settle()
    expect(world.log).toContain('sip.end 480')
    expect(world.log).not.toContain('ring Anna')
  })

  it('or its account goes, the call was ended by us', async () => {
    const id = await world.talking()
    await world.signal(id, { kind: 'ended', byUs: true })
    expect(world.view(id).end).toBe('hung-up')
    world.media.raise({ kind: 'keys', call: id, keys: keys('zrtp') })
    expect(world.view(id).security.method).toBe('pending')
  })
})
