import { describe, expect, it } from 'vitest'
import { missingCommands, titleWithNeeds } from '#test/e2e/support/needs.ts'
import { diskShimNeeds } from '#test/fakes/disk-shim.ts'
import { archiveWorks, failArchive } from '#test/integration/archive/failing-disk.ts'

const calls = Array.from({ length: Number(process.env.SOTTO_ARCHIVE_DISK_CALLS ?? '300') }, (_, at) => at + 1)
const missing = missingCommands(...diskShimNeeds)

describe.skipIf(missing.length > 0)(titleWithNeeds('a disk that fails or is full', missing), () => {
  it.each(archiveWorks)(
    `under %s at each of its calls, up to ${calls.length}, leaves nothing half or over`,
    async (work) => {
      const summary = await failArchive(work, calls)
      process.stdout.write(`${work}: ${JSON.stringify(summary)}\n`)
      expect(summary.wrong).toEqual([])
      // The work is shorter than that: its last call was met, too.
      expect(summary.met).toBeLessThan(2 * calls.length)
      expect(summary.met).toBeGreaterThan(20)
    },
  )
})
