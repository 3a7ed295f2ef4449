import { expect, it } from 'vitest'
import { killJournals } from './journal-kill9.ts'

it('a journal loses, doubles and resurrects nothing when its program is killed 10 times', async () => {
  const rounds = 10
  const { acknowledged, problems } = await killJournals(rounds)
  expect(problems).toEqual([])
  // A child that never gets to write would prove nothing.
  expect(acknowledged).toBeGreaterThan(rounds)
}, 240_000)
