import { beforeEach, describe, expect, it } from 'vitest'
import type { CallId, LegId, MediaCommand } from '#shared/model/calls.ts'
import { keys } from '#test/fakes/call-media.ts'
import { CallWorld } from '#test/fakes/call-world.ts'
import { settle } from '#test/fakes/fake-clock.ts'

let world: CallWorld
let id: CallId

beforeEach(async () => {
  world = new CallWorld()
  id = await world.place()
})

const early = (branch: string): Promise<void> =>
  world.signal(id, { kind: 'progress', status: 183, branch, sdp: `early ${branch}` })
const answered = (branch: string): Promise<void> =>
  world.signal(id, { kind: 'answered', branch, sdp: `final ${branch}` })
const legs = (kind: MediaCommand['kind']): readonly LegId[] =>
  world.engineCommands.filter((command) => command.kind === kind).map(({ legId }) => legId)
const asked = (): string[] => world.log.filter((line) => line.startsWith('media.takeAnswer'))
const zid = (mark: number): Uint8Array => new Uint8Array(12).fill(mark)

describe('a call that forks', () => {
  it('opens a leg for each further branch, and plays the first', async () => {
    await early('a')
    await early('b')
    const [first, second] = legs('open')
    expect(asked()).toEqual(['media.takeAnswer a early a', 'media.takeAnswer b early b on renderer offer'])
    expect(legs('answer')).toEqual([first, second])
    expect(legs('play')).toEqual([first])
    expect(world.log.filter((line) => line === 'window')).toHaveLength(1)
    expect(world.view(id)).toMatchObject({ phase: 'ringing', earlyMedia: true })
  })

  it('is the branch that is answered: that one is played, the others’ legs go', async () => {
    for (const branch of ['a', 'b', 'c']) await early(branch)
    await answered('b')
    const [first, second, third] = legs('open')
    expect(legs('play')).toEqual([first, second])
    expect(legs('close')).toEqual([first, third])
    await world.signal(id, { kind: 'established' })
    expect(world.view(id)).toMatchObject({ phase: 'active', earlyMedia: false })
    await world.calls.setHeld({ callId: id, held: true })
    await settle()
    expect(asked().at(-1)).toBe('media.takeAnswer  new answer')
    await world.calls.end({ callId: id })
    expect(legs('close')).toEqual([first, third, second])
  })

  it('may be answered by a branch that nothing was heard of, on a leg of its own', async () => {
    await early('a')
    await answered('z')
    const [first, second] = legs('open')
    expect(asked().at(-1)).toBe('media.takeAnswer z final z on renderer offer')
    expect(legs('play')).toEqual([first, second])
    // The engine keeps the certificate that was offered while the call has a leg.
    const order = world.engineCommands.filter(({ kind }) => kind === 'open' || kind === 'close').map(({ kind }) => kind)
    expect(order).toEqual(['open', 'open', 'close'])
  })

  it('hears four branches at most, and any answer', async () => {
    for (const branch of ['a', 'b', 'c', 'd', 'e', 'f']) await early(branch)
    expect(legs('open')).toHaveLength(4)
    expect(asked()).toHaveLength(4)
    await answered('f')
    await world.signal(id, { kind: 'established' })
    expect(world.view(id).phase).toBe('active')
    expect(legs('close')).toHaveLength(4)
  })

  it('gives the leg of the offer to the first branch that will do, and no other leg to one that will not', async () => {
    world.media.refusals.set('takeAnswer', 'no-common-codec')
    await early('a')
    await early('b')
    expect(legs('open')).toHaveLength(1)
    world.media.refusals.set('takeAnswer', 'needs-encryption')
    await early('c')
    expect(legs('close')).toEqual(legs('open').slice(1))
    await answered('b')
    await world.signal(id, { kind: 'established' })
    expect(world.view(id).phase).toBe('active')
  })

  it('goes on without a branch whose leg cannot be opened, and ends when that one answers', async () => {
    await early('a')
    world.engineOffers = false
    await early('b')
    world.calls.mediaFailed({ legId: world.lastLeg, reason: 'engine' })
    await settle()
    expect(world.view(id)).toMatchObject({ phase: 'ringing', earlyMedia: true })
    expect(legs('close')).toEqual(legs('open').slice(1))
    await answered('b')
    world.calls.mediaFailed({ legId: world.lastLeg, reason: 'engine' })
    await settle()
    expect(world.view(id).end).toBe('failed')
  })

  it('closes every leg when it is given up, also one that is being opened', async () => {
    await early('a')
    world.engineOffers = false
    await early('b')
    await world.calls.end({ callId: id })
    await settle()
    expect([...legs('close')].sort()).toEqual([...legs('open')].sort())
    expect(world.view(id).end).toBe('cancelled')
  })

  it('shows the camera on every leg, and goes on when a leg that is not heard breaks', async () => {
    await early('a')
    await early('b')
    const [first = '' as LegId, second = '' as LegId] = legs('open')
    await world.calls.setCamera({ callId: id, on: false })
    expect(legs('capture').slice(-2)).toEqual([first, second])
    world.calls.mediaFailed({ legId: second, reason: 'engine' })
    await settle()
    expect(world.view(id).phase).toBe('ringing')
    world.calls.mediaFailed({ legId: first, reason: 'engine' })
    await settle()
    expect(world.view(id).end).toBe('failed')
  })

  it('begins again on another leg where early sound used the first one up', async () => {
    await early('a')
    await early('b')
    await world.signal(id, { kind: 'failed', status: 488, elsewhere: false })
    expect(legs('open')).toHaveLength(3)
    expect([...legs('close')].sort()).toEqual([...legs('open').slice(0, 2)].sort())
    expect(world.log.filter((line) => line.startsWith('media.offer'))).toHaveLength(2)
    await answered('a')
    expect(asked().at(-1)).toBe('media.takeAnswer a final a')
  })
})

describe('keys of a call that forks', () => {
  const told: Uint8Array[] = []
  const agree = (branch: string, mark: number, isKnown = false): void => {
    const retained = { peerZid: zid(mark), rs1: zid(mark), rs2: null, verified: false, isKnown }
    world.media.raise({ kind: 'zrtp-peer', call: id, branch, peerZid: zid(mark) })
    world.media.raise({ kind: 'zrtp-retain', call: id, branch, ...retained })
    told.push(retained.rs1)
    const sas = { kind: 'letters', text: `sas ${branch}` } as const
    world.media.raise({ kind: 'keys', call: id, branch, keys: keys('zrtp', { sas, peerZid: zid(mark) }) })
  }
  const shown = (): string | undefined => world.view(id).security.sas?.text

  beforeEach(async () => {
    told.length = 0
    await early('a')
    await early('b')
    agree('a', 1)
    agree('b', 2)
    await settle()
  })

  it('are kept at once of a device that proved who it is: it has new ones now, too, and may lose again', async () => {
    agree('a', 4, true)
    await settle()
    await settle()
    expect(world.kept).toEqual([zid(4)])
    await answered('b')
    agree('a', 5, true)
    for (let turn = 0; turn < 3; turn += 1) await settle()
    expect(world.kept).toEqual([zid(4), zid(2), zid(5)])
  })

  it('are those of what is heard, and then of who answered; of the others nothing is kept', async () => {
    expect(shown()).toBe('sas a')
    expect(world.log).not.toContain('trust.keep')
    expect(world.log).not.toContain('trust.remember zrtp')
    expect(world.media.secretsOf).toEqual(['a', 'b'])
    await answered('b')
    await settle()
    expect(shown()).toBe('sas b')
    expect(world.kept).toEqual([zid(2)])
    expect(told.map((secret) => secret.every((byte) => byte === 0))).toEqual([true, true])
    agree('a', 3)
    world.media.raise({ kind: 'lost', call: id, branch: 'a', why: 'keys-failed' })
    await settle()
    await settle()
    expect(shown()).toBe('sas b')
    expect(world.kept).toEqual([zid(2)])
    expect(world.view(id).phase).toBe('ringing')
  })

  it('are none yet of a branch that agreed on none', async () => {
    await answered('c')
    await settle()
    expect(world.view(id).security).toMatchObject({ method: 'pending', sas: null })
    expect(world.kept).toEqual([])
    agree('c', 4)
    await settle()
    await settle()
    expect(shown()).toBe('sas c')
    expect(world.kept).toEqual([zid(4)])
  })

  it('are not compared before one branch is the call', async () => {
    const compare = () => world.calls.compared({ callId: id, equal: true, deviceName: 'Desk' })
    await expect(compare()).rejects.toMatchObject({ code: 'not-found' })
    await answered('a')
    await settle()
    await compare()
    expect(world.view(id).security.comparison).toBe('verified')
  })

  it('that failed in one branch end the call only if that one answers', async () => {
    world.media.raise({ kind: 'lost', call: id, branch: 'a', why: 'attack-noticed' })
    await settle()
    expect(world.view(id).phase).toBe('ringing')
    await answered('a')
    await settle()
    expect(world.view(id).end).toBe('attack-noticed')
  })

  it('of calls that end unanswered are forgotten', async () => {
    await world.signal(id, { kind: 'failed', status: 486, elsewhere: false })
    expect(world.view(id).end).toBe('peer-busy')
    expect(world.kept).toEqual([])
    expect(world.log).not.toContain('trust.remember zrtp')
  })
})

describe('keys in the description of a call that rang at several devices', () => {
  const rangAt = (branch: string): Promise<void> =>
    world.signal(id, { kind: 'progress', status: 180, branch, sdp: null })
  const answeredUnder = async (method: 'sdes' | 'zrtp' | 'dtls', branch: string): Promise<void> => {
    await answered(branch)
    world.media.raise({ kind: 'keys', call: id, branch, keys: keys(method) })
    await world.signal(id, { kind: 'established' })
    await settle()
  }
  const offered = (): string[] => world.log.filter((line) => line.startsWith('media.reoffer'))

  it('give way to others, once, as soon as one has answered', async () => {
    for (const branch of ['a', 'b']) await rangAt(branch)
    await answeredUnder('sdes', 'b')
    expect(offered()).toEqual(['media.reoffer free sound new-keys -'])
    world.media.raise({ kind: 'keys', call: id, keys: keys('sdes', { cipher: 'other' }) })
    await settle()
    expect(offered()).toHaveLength(1)
  })

  it('stay where one device alone has them', async () => {
    await rangAt('a')
    await answeredUnder('sdes', 'a')
    expect(offered()).toEqual([])
  })

  it.each(['zrtp', 'dtls'] as const)('are none under %s', async (method) => {
    for (const branch of ['a', 'b']) await rangAt(branch)
    await answeredUnder(method, 'b')
    expect(offered()).toEqual([])
  })
})
