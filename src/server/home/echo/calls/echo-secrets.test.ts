import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { filesWith, temporaryDirectory } from '#test/fakes/home-server.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { HomeDatabase } from '../../data-dir/database.ts'
import { EchoSecrets } from './echo-secrets.ts'

const dayMs = 86_400_000
const bytes = (value: number, length = 32): Uint8Array => new Uint8Array(length).fill(value)
const zid = (value: number): Uint8Array => bytes(value, 12)

describe('what the echo contact keeps of calls', () => {
  let directory: ReturnType<typeof temporaryDirectory>
  let database: HomeDatabase
  let clock: FakeClock
  let seed = 0

  const open = (): EchoSecrets => {
    seed += 1
    return new EchoSecrets({ database, clock, random: new SeededRandom(seed), retentionDays: 60 })
  }

  beforeEach(() => {
    directory = temporaryDirectory()
    database = new HomeDatabase(directory.path)
    clock = new FakeClock()
  })
  afterEach(() => {
    database.close()
    directory.remove()
  })

  it('is there after a restart: our number, and each device’s secrets for its own user', () => {
    const before = open()
    before.keep('alice', zid(1), { rs1: bytes(11), rs2: null })
    before.keep('alice', zid(1), { rs1: bytes(12), rs2: bytes(11) })
    database.close()
    database = new HomeDatabase(directory.path)
    const after = open()
    expect(after.zid).toEqual(before.zid)
    expect(after.find('alice', zid(1))).toEqual({ rs1: bytes(12), rs2: bytes(11), sasVerified: false })
    expect([after.find('bob', zid(1)), after.find('alice', zid(2))]).toEqual([null, null])
    expect(after.list('alice').map((one) => one.zid)).toEqual(['01'.repeat(12)])
  })

  it('keeps the newest 32 devices of a user, and no one’s after 60 days', async () => {
    const secrets = open()
    for (let at = 0; at < 40; at += 1) {
      secrets.keep('alice', zid(at), { rs1: bytes(at), rs2: null })
      await clock.advance(dayMs)
    }
    secrets.keep('bob', zid(1), { rs1: bytes(1), rs2: null })
    const kept = (): number[] =>
      Array.from({ length: 40 }, (_, at) => at).filter((at) => secrets.find('alice', zid(at)) !== null)
    expect(kept()).toEqual(Array.from({ length: 32 }, (_, at) => at + 8))
    await clock.advance(50 * dayMs)
    secrets.expire()
    expect(kept()).toEqual([30, 31, 32, 33, 34, 35, 36, 37, 38, 39])
    await clock.advance(11 * dayMs)
    secrets.expire()
    expect([kept(), secrets.find('bob', zid(1))]).toEqual([[], null])
  })

  it('is in no file once it is erased', () => {
    const secrets = open()
    const canary = Buffer.from('canary-canary-canary-canary-cana')
    secrets.keep('alice', zid(1), { rs1: canary, rs2: null })
    expect(filesWith(directory.path, 'canary')).not.toEqual([])
    secrets.eraseUser('alice')
    database.purge()
    expect([filesWith(directory.path, 'canary'), secrets.list('alice')]).toEqual([[], []])
  })
})
