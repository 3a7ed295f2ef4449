import { expect, it } from 'vitest'
import { killJournals } from '#test/integration/replication/journal/journal-kill9.ts'

const rounds = Number(process.env.SOTTO_JOURNAL_KILLS ?? '500')

it(`a journal loses, doubles and resurrects nothing when its program is killed ${rounds} times`, async () => {
  const { acknowledged, problems } = await killJournals(rounds)
  expect(problems).toEqual([])
  expect(acknowledged).toBeGreaterThan(rounds)
})
