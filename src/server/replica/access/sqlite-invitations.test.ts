import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SqliteInvitations } from './sqlite-invitations.ts'
import type { Aor } from '#shared/model/ids.ts'
import { ManualClock, temporaryDirectory } from '#test/fakes/home-server.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'

const [alice, bob] = ['sip:alice@example.org', 'sip:bob@example.org'] as [Aor, Aor]
let directory: ReturnType<typeof temporaryDirectory>
let clock: ManualClock
let invitations: SqliteInvitations
const files = (): Buffer[] => readdirSync(directory.path).map((name) => readFileSync(join(directory.path, name)))
beforeEach(() => {
  directory = temporaryDirectory()
  clock = new ManualClock()
  const limits = { invitations: 2, invitationMs: 86_400_000 }
  invitations = new SqliteInvitations(directory.path, { clock, limits, random: new SeededRandom('invitations') })
})
afterEach(() => {
  invitations.close()
  directory.remove()
})

test('a token opens one account, that one again', async () => {
  const { token } = invitations.create()!
  expect(await invitations.redeem(token.slice(1), alice)).toBe(false)
  expect(await invitations.redeem(token, alice)).toBe(true)
  expect(await invitations.redeem(token, bob)).toBe(false)
  expect(await invitations.redeem(token, alice)).toBe(true)
})

test('a token is of the account that used it, or that it was made for', async () => {
  const { token } = invitations.create()!
  expect(await invitations.isOf(token, alice)).toBe(false)
  await invitations.redeem(token, alice)
  expect([await invitations.isOf(token, alice), await invitations.isOf(token, bob)]).toEqual([true, false])
  const { token: bobs } = invitations.create(bob)!
  expect([await invitations.isOf(bobs, alice), await invitations.isOf(bobs, bob)]).toEqual([false, true])
  expect([await invitations.redeem(bobs, alice), await invitations.redeem(bobs, bob)]).toEqual([false, true])
})

test('a token ends after a day, and is in no file', async () => {
  const { token, expiresAt } = invitations.create()!
  expect(expiresAt).toBe(clock.now() + 86_400_000)
  const holds = (bytes: Uint8Array): boolean => files().some((file) => file.includes(Buffer.from(bytes)))
  expect([holds(token), holds(createHash('sha256').update(token).digest())]).toEqual([false, true])
  clock.advance(86_400_001)
  expect(await invitations.redeem(token, alice)).toBe(false)
})

test('there is a number of them at a time', () => {
  expect([invitations.create(), invitations.create(), invitations.create()].map((made) => made !== null)).toEqual([
    ...[true, true, false],
  ])
  clock.advance(86_400_001)
  expect(invitations.create()).not.toBeNull()
})
