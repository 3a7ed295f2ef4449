import { expect, it } from 'vitest'
import { killReplicas } from './kill9.ts'

it('loses, doubles and resurrects nothing acknowledged when killed 30 times', async () => {
  const report = await killReplicas(30)
  expect(report).toMatchObject({ rounds: 30, problems: [] })
  // A child that never gets to write would prove nothing.
  expect(report.acknowledged).toBeGreaterThan(60)
}, 240_000)
