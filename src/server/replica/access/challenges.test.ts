import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '#test/fakes/home-server.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { challengeBytes } from '#shared/replication/request.ts'
import { Challenges } from './challenges.ts'
import { nodeCrypto } from './crypto.ts'
import { SeenRequests } from './seen-requests.ts'

const lifetimeMs = 300_000
let clock: ManualClock

beforeEach(() => {
  clock = new ManualClock()
})

describe('challenges', () => {
  const make = (seed = 'server') =>
    new Challenges({ clock, random: new SeededRandom(seed), crypto: nodeCrypto, lifetimeMs })

  it('are known again for some minutes, any number of times', () => {
    const challenges = make()
    const challenge = challenges.issue()
    expect(challenge).toHaveLength(challengeBytes)
    const issuedAt = clock.monotonic()
    for (let half = 0; half < 2; half++) {
      clock.advance(lifetimeMs / 2)
      expect(challenges.issuedAt(challenge)).toBe(issuedAt)
    }
    clock.advance(1)
    expect(challenges.issuedAt(challenge)).toBeNull()
  })

  it('are each another', () => {
    const challenges = make()
    expect(challenges.issue()).not.toEqual(challenges.issue())
  })

  it('of another server, or changed in any bit, are none', () => {
    const challenges = make()
    const challenge = challenges.issue()
    expect(make('another').issuedAt(challenge)).toBeNull()
    fc.assert(
      fc.property(fc.nat(challengeBytes - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(challenge)
        changed[at]! ^= flip
        expect(challenges.issuedAt(changed)).toBeNull()
      }),
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => challenges.issuedAt(bytes) === null))
    expect(challenges.issuedAt(challenge)).not.toBeNull()
  })
})

describe('seen requests', () => {
  const make = (capacity: number) => new SeenRequests({ clock, lifetimeMs, capacity })

  it('are known as long as their challenge', () => {
    const seen = make(100)
    const issuedAt = clock.monotonic()
    expect(seen.note('a', issuedAt)).toBe('first')
    clock.advance(lifetimeMs)
    expect(seen.note('a', issuedAt)).toBe('repeated')
    clock.advance(1)
    expect(seen.note('b', clock.monotonic())).toBe('first')
    expect(seen.size).toBe(1)
  })

  it('never pass twice, whatever comes, and take bounded room', () => {
    const step = fc.record({ request: fc.nat(30), wait: fc.nat(lifetimeMs / 4), age: fc.nat(lifetimeMs) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const seen = make(5)
        const issued = new Map<number, number>()
        const passed = new Set<number>()
        for (const { request, wait, age } of steps) {
          clock.advance(wait)
          const issuedAt = issued.get(request) ?? clock.monotonic() - age
          issued.set(request, issuedAt)
          // As the gate does: the challenge is looked at first.
          if (clock.monotonic() - issuedAt > lifetimeMs || seen.note(`${request}`, issuedAt) !== 'first') continue
          expect(passed.has(request)).toBe(false)
          passed.add(request)
          expect(seen.size).toBeLessThanOrEqual(5)
        }
      }),
    )
  })

  it('without room ask for a new challenge, and take that', () => {
    const seen = make(2)
    const early = clock.monotonic()
    for (const name of ['a', 'b', 'c']) expect(seen.note(name, early + (name === 'c' ? 1 : 0))).toBe('first')
    expect(seen.note('a', early)).toBe('forgotten')
    expect(seen.note('d', early)).toBe('forgotten')
    expect(seen.note('d', early + 1)).toBe('first')
  })
})
