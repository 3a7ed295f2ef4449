import { describe, expect, it } from 'vitest'
import { killExports, killImports, type ArchiveKillReport } from '#test/integration/archive/kill9.ts'

const kills = Number(process.env.SOTTO_ARCHIVE_KILLS ?? '500')
const size = { entries: 6_000, files: 20 }
const tell = (report: ArchiveKillReport): void => void process.stdout.write(`${JSON.stringify(report)}\n`)

describe(`killed ${kills} times at random moments`, () => {
  it('an import goes on where it was and ends as one in one go', async () => {
    const report = await killImports({ kills, size, tell })
    expect(report).toMatchObject({ kills, problems: [] })
    // Kills that never meet what is written would prove nothing.
    expect(report.killedIn.importing).toBeGreaterThan(kills / 10)
    expect(report.finished).toBeGreaterThan(kills / 50)
  })

  it.each(['export', 'pages'] as const)('an export (%s) leaves no half, and nothing for long', async (what) => {
    const report = await killExports(what, { kills, size, tell })
    expect(report).toMatchObject({ kills, problems: [] })
    expect(report.finished).toBeGreaterThan(0)
  })
})
