import { describe, expect, it } from 'vitest'
import { currentVersion, migrations } from '#main/history/migrations/migrations.ts'
import { diskShimNeeds } from '#test/fakes/disk-shim.ts'
import { missingCommands, titleWithNeeds } from '#test/e2e/support/needs.ts'
import { interruptMigration } from './migration.ts'

const missing = missingCommands(...diskShimNeeds)
const olderVersions = migrations.map(({ version }) => version).filter((version) => version < currentVersion)

describe.skipIf(missing.length > 0)(titleWithNeeds('an update that is interrupted', missing), () => {
  it.each(olderVersions)(
    'from schema %i leaves the old history or the new one, and goes on',
    (from) => {
      const report = interruptMigration(from)
      expect(report.problems).toEqual([])
      expect(report.versions).toEqual([from, currentVersion])
      expect(report.states).toBeGreaterThan(50)
      // The log is made, written and synced at least.
      expect(report.faults.filter(({ fault }) => fault.kind === 'full').length).toBeGreaterThan(5)
      expect(report.faults.filter(({ problem }) => problem !== null)).toEqual([])
    },
    120_000,
  )
})
