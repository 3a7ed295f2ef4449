import { expect, it } from 'vitest'
import { killApp } from '#test/e2e/support/app-kills.ts'

const kills = Number(process.env.SOTTO_APP_KILLS ?? '200')

it(`the whole program, killed ${kills} times in the middle of a chat, loses and doubles nothing`, async () => {
  const report = await killApp(kills, (soFar) => process.stdout.write(`${JSON.stringify(soFar)}\n`))
  expect(report).toMatchObject({ kills, lost: [], doubled: [], intact: true })
  // A program that never gets to send would prove nothing.
  expect(report.acknowledged).toBeGreaterThan(kills)
})
