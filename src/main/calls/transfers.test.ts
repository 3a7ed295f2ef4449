import { beforeEach, describe, expect, it } from 'vitest'
import type { CallId } from '#shared/model/calls.ts'
import type { Aor } from '#shared/model/ids.ts'
import { anna, CallWorld } from '#test/fakes/call-world.ts'
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
  beforeEach(() => world.signal(talking, { kind: 'referred', to: carol, by: anna }))

  it('is shown, and nothing happens by itself', () => {
    expect(world.view(talking).referral).toEqual({ to: carol, by: null })
    expect(world.taken()).toEqual([])
  })

  it('names who is said to want it, where that is somebody else', async () => {
    await world.signal(talking, { kind: 'referred', to: carol, by: dave })
    expect(world.view(talking).referral).toEqual({ to: carol, by: dave })
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
