import { describe, expect, it } from 'vitest'
import { killExports, killImports } from './kill9.ts'

const size = { entries: 2_000, files: 8 }

describe('killed at random moments', { timeout: 240_000 }, () => {
  it('an import goes on where it was and ends as one in one go', async () => {
    const report = await killImports({ kills: 8, size })
    expect(report).toMatchObject({ kills: 8, problems: [] })
    expect(report.finished).toBeGreaterThan(0)
  })

  it.each(['export', 'pages'] as const)('an export (%s) leaves no half, and nothing for long', async (what) => {
    const report = await killExports(what, { kills: 6, size })
    expect(report).toMatchObject({ kills: 6, problems: [] })
  })
})
