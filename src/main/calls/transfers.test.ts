import { beforeEach, describe, expect, it } from 'vitest'
import type { CallId } from '#shared/model/calls.ts'
import type { Aor } from '#shared/model/ids.ts'
import { keys } from '#test/fakes/call-media.ts'
import { accountId, anna, CallWorld, refusedWith } from '#test/fakes/call-world.ts'
import { settle } from '#test/fakes/fake-clock.ts'

const carol = 'sip:carol@example.org' as Aor
const dave = 'sip:dave@example.org' as Aor
let world: CallWorld
let talking: CallId

beforeEach(async () => {
  world = new CallWorld()
  talking = await world.talking()
  world.taken()
})

const conversationId = () => world.view(talking).conversationId
const follow = (over: object = {}) =>
  world.calls.place({ conversationId: conversationId(), video: false, referredIn: talking, ...over })

describe('a transfer the other side asks for', () => {
  beforeEach(() => world.signal(talking, { kind: 'referred', to: carol, by: anna, attended: false }))

  it('is shown, and nothing happens by itself', () => {
    expect(world.view(talking).referral).toEqual({ to: carol, by: null, attended: false })
    expect(world.taken()).toEqual([])
  })

  it('names who is said to want it, where that is somebody else', async () => {
    await world.signal(talking, { kind: 'referred', to: carol, by: dave, attended: false })
    expect(world.view(talking).referral).toEqual({ to: carol, by: dave, attended: false })
  })

  it('is declined by the user, once', async () => {
    await world.calls.declineReferral({ callId: talking })
    await world.calls.declineReferral({ callId: talking })
    expect(world.taken()).toEqual(['sip.decline-referral'])
    expect(world.view(talking).referral).toBeNull()
  })

  it('becomes a call under the policy of whom it is to, which the other side hears of; the first one waits', async () => {
    world.peer = { ...world.peer, aor: carol, name: 'Carol', callPolicy: 'zrtp-required' }
    const id = await follow()
    await settle()
    expect(world.view(id)).toMatchObject({ peer: carol, direction: 'outgoing', phase: 'calling' })
    expect(world.media.plans.at(-1)).toMatchObject({ policy: 'zrtp-required' })
    expect(world.commands.find(({ kind, ...rest }) => kind === 'place' && 'referredIn' in rest)).toMatchObject({
      ...{ to: carol, referredIn: talking },
    })
    expect(world.view(talking)).toMatchObject({ referral: null, held: 'by-us' })
  })

  it.each([
    [true, 'replaced'],
    [false, 'peer-hung-up'],
  ])('answered there: %s, ends the first one as %s', async (isAnswered, end) => {
    world.peer = { ...world.peer, aor: carol }
    const id = await follow()
    await settle()
    await world.signal(id, { kind: 'answered', branch: 'b1', sdp: 'answer' })
    if (isAnswered) await world.signal(id, { kind: 'established' })
    await world.signal(talking, { kind: 'ended', byUs: false })
    expect(world.view(talking).end).toBe(end)
  })

  it('to another address than was shown is not made', async () => {
    world.peer = { ...world.peer, aor: dave }
    await expect(follow()).rejects.toThrow('not-found')
    expect(world.view(talking).referral).not.toBeNull()
  })

  it('stays a question while the user is asked about the address', async () => {
    world.peer = { ...world.peer, aor: carol }
    world.account = world.account && { ...world.account, hideAddress: 'everyone' }
    await expect(follow()).rejects.toThrow('address-would-show')
    expect(world.view(talking).referral).not.toBeNull()
    await follow({ showAddress: true })
    expect(world.view(talking).referral).toBeNull()
  })

  it('is gone with its call', async () => {
    await world.signal(talking, { kind: 'ended', byUs: false })
    expect(world.view(talking)).toMatchObject({ phase: 'ended', referral: null })
    await expect(follow()).rejects.toThrow('not-found')
  })
})

/** ZRTP, DTLS, SDES or none protects the first call. */
async function agreed(method: Parameters<typeof keys>[0]): Promise<void> {
  world.media.raise({ kind: 'keys', call: talking, keys: keys(method) })
  await settle()
}

describe('a call we are handed over to', () => {
  it('gets no less than whoever hands us over', async () => {
    await agreed('zrtp')
    await world.signal(talking, { kind: 'referred', to: carol, by: anna, attended: true })
    expect(world.view(talking).referral).toMatchObject({ attended: true })
    world.peer = { ...world.peer, aor: carol, callPolicy: 'any' }
    await follow()
    await settle()
    expect(world.media.plans.at(-1)).toMatchObject({ policy: 'zrtp-required', offer: 'zrtp' })
  })

  it('is tried with other keys for whoever asked, too', async () => {
    await world.signal(talking, { kind: 'referred', to: carol, by: anna, attended: false })
    world.peer = { ...world.peer, aor: carol }
    const id = await follow()
    await settle()
    await world.signal(id, { kind: 'failed', status: 488, elsewhere: false })
    const places = world.commands.filter(({ kind, ...rest }) => kind === 'place' && 'referredIn' in rest)
    expect(places).toMatchObject([{ call: id }, { call: id }])
  })
})

describe('a call that wants the place of another', () => {
  const ringing = () => world.ringing('new', 'offer', talking)

  it('is a question, and changes nothing until the user takes it', async () => {
    await agreed('zrtp')
    world.taken()
    const id = await ringing()
    expect(world.view(id)).toMatchObject({ phase: 'incoming', replaces: talking })
    expect(world.taken()).toEqual(['ring Anna'])
    await world.calls.decline({ callId: id })
    expect(world.view(talking)).toMatchObject({ phase: 'active', held: 'no' })
  })

  it('takes it: the other one is not held, and ends as one that goes on', async () => {
    await agreed('zrtp')
    const id = await ringing()
    await world.calls.accept({ callId: id, video: false })
    await settle()
    expect(world.view(talking)).toMatchObject({ phase: 'active', held: 'no' })
    await world.signal(talking, { kind: 'ended', byUs: false })
    expect(world.view(talking)).toMatchObject({ phase: 'ended', end: 'replaced' })
    await world.signal(id, { kind: 'established' })
    expect(world.view(id)).toMatchObject({ phase: 'active', security: { comparison: 'none' } })
  })

  it.each([
    ['zrtp', { policy: 'zrtp-required', signallingSecure: false }],
    ['dtls', { policy: 'sdes-over-tls', signallingSecure: false }],
    ['sdes', { policy: 'sdes-over-tls', signallingSecure: true }],
    ['none', { policy: 'any', signallingSecure: true }],
  ] as const)('under %s never falls below it', async (method, floor) => {
    await agreed(method)
    world.peer = { ...world.peer, callPolicy: 'any' }
    await world.calls.accept({ callId: await ringing(), video: false })
    await settle()
    expect(world.media.plans.at(-1)).toMatchObject(floor)
  })

  it('that strips what protects it is refused, and the other call goes on', async () => {
    await agreed('zrtp')
    const id = await ringing()
    world.media.refusals.set('answer', 'needs-encryption')
    await world.calls.accept({ callId: id, video: false })
    await settle()
    expect(world.view(id)).toMatchObject({ phase: 'ended', end: 'peer-needs-encryption' })
    expect(world.commands.at(-1)).toEqual({ kind: 'end', call: id, status: 488 })
    expect(world.view(talking)).toMatchObject({ phase: 'active', held: 'no' })
    await world.signal(talking, { kind: 'ended', byUs: false })
    expect(world.view(talking).end).toBe('peer-hung-up')
  })

  it('is refused before keys are agreed, and where that call is none of ours', async () => {
    await ringing()
    expect(world.commands.at(-1)).toEqual({ kind: 'end', call: 'new', status: 486 })
    await world.ringing('other', 'offer', 'nothing' as CallId)
    expect(world.commands.at(-1)).toEqual({ kind: 'end', call: 'other', status: 486 })
  })
})

describe('connecting the other sides of two calls', () => {
  let second: CallId
  const connect = (over: object = {}) => world.calls.connect({ callId: second, withCall: talking, ...over })

  beforeEach(async () => {
    world.peer = { ...world.peer, aor: carol }
    second = await world.talking()
    world.taken()
  })

  it('asks the one to take our place with the other, and ends both when that worked', async () => {
    await connect()
    expect(world.commands.at(-1)).toEqual({ kind: 'connect', call: second, with: talking })
    expect(world.view(second).transfer).toEqual({ to: anna, state: 'asked' })
    await world.signal(talking, { kind: 'ended', byUs: false })
    expect(world.view(talking).end).toBe('transferred')
    await world.signal(second, { kind: 'transfer', status: 200 })
    expect(world.view(second).end).toBe('transferred')
  })

  it('that is refused leaves both as they were', async () => {
    await connect()
    await world.signal(second, { kind: 'transfer', status: 603 })
    expect(world.view(second)).toMatchObject({ phase: 'active', transfer: { state: 'failed' } })
    await world.signal(talking, { kind: 'ended', byUs: false })
    expect(world.view(talking).end).toBe('peer-hung-up')
    world.replies.set('connect', refusedWith(481))
    await expect(connect()).rejects.toThrow('not-found')
  })

  it('needs two calls of one account that are up', async () => {
    await expect(connect({ withCall: second })).rejects.toThrow('not-found')
    await expect(connect({ withCall: await world.ringing() })).rejects.toThrow('not-found')
    world.peer = { ...world.peer, accountId: `${accountId} 2` as typeof accountId }
    await expect(connect({ withCall: await world.talking() })).rejects.toThrow('not-found')
    expect(world.commands.filter(({ kind }) => kind === 'connect')).toEqual([])
  })
})
