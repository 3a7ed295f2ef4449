import { createHash } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { SlotOpening } from '#shared/linking/rendezvous.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { defaultRendezvousLimits, type RendezvousLimits } from './limits.ts'
import { Rendezvous, type PieceRequest } from './rendezvous.ts'

const alice = 'sip:alice@example.org'
const hash = (bytes: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha256').update(bytes).digest())
const random = new SeededRandom('rendezvous')
const stranger = { address: '192.0.2.1', signedFor: null }
const piece = (fill: number, length = 10): Uint8Array => new Uint8Array(length).fill(fill)
const gen = new Uint8Array(8)

let clock: FakeClock
let meeting: Rendezvous
const near = random.bytes(32)
const far = random.bytes(32)

function begin(limits: Partial<RendezvousLimits> = {}): void {
  clock = new FakeClock()
  meeting = new Rendezvous({ clock, hash, limits: { ...defaultRendezvousLimits, ...limits } })
}
function opening(changes: Partial<SlotOpening> = {}): SlotOpening {
  const base = { slot: random.bytes(16), kind: 'link-code' as const, account: alice, near: hash(near) }
  return { ...base, far: null, generation: gen, ...changes }
}
function transfer(changes: Partial<SlotOpening> = {}): SlotOpening {
  return opening({ kind: 'transfer', far: hash(far), ...changes })
}
const at = (slot: Uint8Array, token: Uint8Array, number: number): PieceRequest => ({
  ...{ slot, token, number, generation: gen },
})
const problem = (answer: { readonly ok: boolean; readonly error?: { readonly problem: string } }): string =>
  answer.ok ? 'ok' : (answer.error?.problem ?? '')

/** A slot that both ends are at. */
function meet(): Uint8Array {
  const open = opening()
  expect(problem(meeting.open(open, stranger))).toBe('ok')
  expect(problem(meeting.join(open.slot, alice, hash(far)))).toBe('ok')
  return open.slot
}

beforeEach(() => begin())

describe('meeting', () => {
  it('shows who waits for an account to devices of it alone, until somebody joined', () => {
    const open = opening()
    meeting.open(open, stranger)
    meeting.open(opening({ kind: 'link-qr' }), stranger)
    expect(meeting.waiting(alice)).toEqual([open.slot])
    expect(meeting.waiting('sip:bob@example.org')).toEqual([])
    expect(problem(meeting.join(open.slot, 'sip:bob@example.org', hash(far)))).toBe('not-found')
    expect(problem(meeting.join(open.slot, alice, hash(far)))).toBe('ok')
    expect(meeting.waiting(alice)).toEqual([])
  })

  it('lets one other end in, who may ask again', () => {
    const slot = meet()
    expect(problem(meeting.join(slot, alice, hash(far)))).toBe('ok')
    expect(problem(meeting.join(slot, alice, hash(random.bytes(32))))).toBe('used')
  })

  it('opens the same slot once, and no other under its name', () => {
    const open = opening()
    expect(problem(meeting.open(open, stranger))).toBe('ok')
    expect(problem(meeting.open(open, stranger))).toBe('ok')
    expect(meeting.size).toBe(1)
    expect(problem(meeting.open({ ...open, near: hash(far) }, stranger))).toBe('used')
    expect(problem(meeting.open({ ...open, generation: piece(1, 8) }, stranger))).toBe('used')
  })

  it('opens a transfer for a device of the account only', () => {
    expect(problem(meeting.open(transfer(), stranger))).toBe('malformed')
    expect(problem(meeting.open(transfer(), { ...stranger, signedFor: 'sip:bob@example.org' }))).toBe('malformed')
    expect(problem(meeting.open(transfer({ far: null }), { ...stranger, signedFor: alice }))).toBe('malformed')
    expect(problem(meeting.open(transfer(), { ...stranger, signedFor: alice }))).toBe('ok')
    expect(problem(meeting.open(opening({ far: hash(far) }), stranger))).toBe('malformed')
  })

  it('is nobody’s who has no token', async () => {
    const slot = meet()
    const wrong = random.bytes(32)
    expect(problem(meeting.put(at(slot, wrong, 0), piece(1)))).toBe('not-found')
    expect(problem(await meeting.take(at(slot, wrong, 0), 0))).toBe('not-found')
    expect(problem(meeting.state(slot, wrong))).toBe('not-found')
    expect(problem(meeting.end(slot, wrong, 'done'))).toBe('not-found')
    expect(problem(meeting.put(at(random.bytes(16), near, 0), piece(1)))).toBe('not-found')
  })
})

describe('pieces', () => {
  it('pass both ways in order, and stay until a later one is asked for', async () => {
    const slot = meet()
    for (const number of [0, 1]) meeting.put(at(slot, near, number), piece(number))
    meeting.put(at(slot, far, 0), piece(9))
    for (const number of [0, 0, 1, 1])
      expect(await meeting.take(at(slot, far, number), 0)).toEqual({ ok: true, value: piece(number) })
    expect(await meeting.take(at(slot, near, 0), 0)).toEqual({ ok: true, value: piece(9) })
    expect(problem(await meeting.take(at(slot, far, 0), 0))).toBe('gap')
    expect(await meeting.take(at(slot, far, 2), 0)).toEqual({ ok: true, value: null })
    expect(meeting.bytes).toBe(10)
  })

  it('may be stored again, but not changed, and none is left out', () => {
    const slot = meet()
    expect(problem(meeting.put(at(slot, near, 0), piece(0)))).toBe('ok')
    expect(problem(meeting.put(at(slot, near, 0), piece(0)))).toBe('ok')
    expect(meeting.put(at(slot, near, 0), piece(7))).toEqual({ ok: false, error: { problem: 'gap', next: 1 } })
    expect(meeting.put(at(slot, near, 2), piece(2))).toEqual({ ok: false, error: { problem: 'gap', next: 1 } })
  })

  it('are copies of what came', async () => {
    const slot = meet()
    const sent = piece(1)
    meeting.put(at(slot, near, 0), sent)
    sent.fill(2)
    expect(await meeting.take(at(slot, far, 0), 0)).toEqual({ ok: true, value: piece(1) })
  })

  it('are waited for, as long as is asked', async () => {
    const slot = meet()
    const coming = meeting.take(at(slot, far, 0), 5_000)
    const never = meeting.take(at(slot, near, 0), 5_000)
    await clock.advance(1_000)
    meeting.put(at(slot, near, 0), piece(3))
    expect(await coming).toEqual({ ok: true, value: piece(3) })
    await clock.advance(4_000)
    expect(await never).toEqual({ ok: true, value: null })
  })

  it('are not waited for by who went away', async () => {
    const gone = new AbortController()
    const waiting = meeting.take(at(meet(), far, 0), 5_000, gone.signal)
    gone.abort()
    expect(await waiting).toEqual({ ok: true, value: null })
  })

  it('wait for the other end once there is no room', async () => {
    begin({ laneBytes: 25 })
    const slot = meet()
    for (const number of [0, 1]) expect(problem(meeting.put(at(slot, near, number), piece(number)))).toBe('ok')
    expect(problem(meeting.put(at(slot, near, 2), piece(2)))).toBe('full')
    expect(problem(meeting.put(at(slot, near, 1), piece(1)))).toBe('ok')
    await meeting.take(at(slot, far, 1), 0)
    expect(problem(meeting.put(at(slot, near, 2), piece(2)))).toBe('ok')
  })

  it('go through one at a time where one alone is larger than the bound', () => {
    begin({ laneBytes: 25 })
    expect(problem(meeting.put(at(meet(), near, 0), piece(1, 100)))).toBe('ok')
  })

  it('of a stranger are small until a device of the account has come', () => {
    const open = opening()
    meeting.open(open, stranger)
    expect(problem(meeting.put(at(open.slot, near, 0), piece(1, 2_000)))).toBe('full')
    expect(problem(meeting.put(at(open.slot, near, 0), piece(1, 500)))).toBe('ok')
    meeting.join(open.slot, alice, hash(far))
    expect(problem(meeting.put(at(open.slot, near, 1), piece(1, 2_000)))).toBe('ok')
  })

  it('of all slots together are bounded', () => {
    begin({ bytes: 150 })
    expect(problem(meeting.put(at(meet(), near, 0), piece(1, 100)))).toBe('ok')
    expect(problem(meeting.put(at(meet(), near, 0), piece(1, 100)))).toBe('full')
  })

  it('are thrown away when a transfer begins anew, which both ends are told', async () => {
    const open = transfer()
    const opener = { ...stranger, signedFor: alice }
    meeting.open(open, opener)
    meeting.put(at(open.slot, near, 0), piece(1))
    const waiting = meeting.take(at(open.slot, near, 0), 5_000)
    expect(problem(meeting.open({ ...open, generation: piece(1, 8) }, opener))).toBe('ok')
    expect(problem(await waiting)).toBe('reset')
    expect(problem(await meeting.take(at(open.slot, far, 0), 0))).toBe('reset')
    expect(meeting.state(open.slot, far)).toEqual({
      ok: true,
      value: { generation: piece(1, 8), joined: true, next: 0 },
    })
    expect(meeting.bytes).toBe(0)
  })
})

describe('the end of a slot', () => {
  it('comes two minutes after it was opened when nobody joined, whatever the stranger does', async () => {
    const open = opening()
    meeting.open(open, stranger)
    await clock.advance(119_000)
    meeting.put(at(open.slot, near, 0), piece(1))
    await clock.advance(1_000)
    expect(meeting.state(open.slot, near)).toEqual({ ok: false, error: { problem: 'ended', ending: 'expired' } })
    expect(problem(meeting.join(open.slot, alice, hash(far)))).toBe('ended')
    await clock.advance(60_000)
    expect(meeting.size).toBe(0)
  })

  it('comes ten minutes after the last new piece once both are there', async () => {
    const slot = meet()
    await clock.advance(599_000)
    meeting.put(at(slot, near, 0), piece(1))
    await clock.advance(599_000)
    meeting.put(at(slot, near, 0), piece(1))
    expect(problem(meeting.state(slot, near))).toBe('ok')
    await clock.advance(1_000)
    expect(problem(meeting.state(slot, near))).toBe('ended')
  })

  it('comes to a transfer after a day', async () => {
    const open = transfer()
    meeting.open(open, { ...stranger, signedFor: alice })
    await clock.advance(86_399_000)
    expect(problem(meeting.state(open.slot, far))).toBe('ok')
    await clock.advance(1_000)
    expect(problem(meeting.state(open.slot, far))).toBe('ended')
  })

  it('is told to the other end, who waits, in the words of the first', async () => {
    const slot = meet()
    meeting.put(at(slot, near, 0), piece(1))
    const waiting = meeting.take(at(slot, near, 0), 5_000)
    expect(problem(meeting.end(slot, far, 'wrong-code'))).toBe('ok')
    expect(problem(meeting.end(slot, near, 'done'))).toBe('ok')
    const told = { ok: false, error: { problem: 'ended', ending: 'wrong-code' } }
    expect(await waiting).toEqual(told)
    expect(meeting.put(at(slot, near, 1), piece(1))).toEqual(told)
    expect(meeting.bytes).toBe(0)
  })

  it('frees the place for others', async () => {
    begin({ slots: 2, slotsPerAddress: 2 })
    const slots = [opening(), opening()]
    for (const open of slots) expect(problem(meeting.open(open, stranger))).toBe('ok')
    expect(problem(meeting.open(opening(), { ...stranger, address: '192.0.2.2' }))).toBe('busy')
    await clock.advance(180_000)
    expect(problem(meeting.open(opening(), stranger))).toBe('ok')
  })
})

describe('the number of slots', () => {
  it('is bounded per address and per account', () => {
    begin({ slotsPerAddress: 2, slotsPerAccount: 3 })
    const from = (address: string, changes: Partial<SlotOpening> = {}): string =>
      problem(meeting.open(opening(changes), { address, signedFor: null }))
    expect([from('a'), from('a'), from('a', { account: 'sip:bob@example.org' })]).toEqual(['ok', 'ok', 'busy'])
    expect([from('b'), from('c')]).toEqual(['ok', 'busy'])
    expect(from('c', { account: 'sip:bob@example.org' })).toBe('ok')
  })

  it('is free again at once where a linking was done', () => {
    begin({ slotsPerAddress: 1 })
    const slot = opening()
    expect(problem(meeting.open(slot, stranger))).toBe('ok')
    expect(problem(meeting.open(opening(), stranger))).toBe('busy')
    meeting.join(slot.slot, alice, hash(far))
    meeting.end(slot.slot, far, 'done')
    expect(problem(meeting.open(opening(), stranger))).toBe('ok')
  })

  it('of transfers does not depend on how many strangers wait', () => {
    begin({ slotsPerAccount: 1 })
    expect(problem(meeting.open(opening(), stranger))).toBe('ok')
    expect(problem(meeting.open(transfer(), { ...stranger, signedFor: alice }))).toBe('ok')
    expect(problem(meeting.open(transfer(), { ...stranger, signedFor: alice }))).toBe('busy')
  })
})
