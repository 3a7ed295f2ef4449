import { describe, expect, it } from 'vitest'
import { missingCommands, titleWithNeeds } from '#test/e2e/support/needs.ts'
import { diskShimNeeds } from '#test/fakes/disk-shim.ts'
import { archiveWorks, failArchive } from './failing-disk.ts'

/** Some from the first to nearly the last that each of them makes. */
const calls = Array.from({ length: 10 }, (_, at) => 2 + at * 2)
const missing = missingCommands(...diskShimNeeds)

describe.skipIf(missing.length > 0)(titleWithNeeds('a disk that fails or is full', missing), () => {
  it.each(archiveWorks)(
    'under %s is told, leaves nothing half or over, and it works again afterwards',
    async (work) => {
      const { met, told, wrong } = await failArchive(work, calls)
      expect(wrong).toEqual([])
      expect(met).toBeGreaterThan(calls.length)
      expect(told['full: disk-full']).toBeGreaterThan(2)
      expect(told['failed: disk-failed']).toBeGreaterThan(2)
    },
    180_000,
  )
})
