/** Fails the disk under an export or an import at one call after the other. */
import { fileURLToPath } from 'node:url'
import { failEach, faultsAt } from '../history/failing-disk.ts'
import type { ArchiveFaultReport, ArchiveWork } from './failing-disk-child.ts'

const child = fileURLToPath(new URL('./failing-disk-child.ts', import.meta.url))

export const archiveWorks: readonly ArchiveWork[] = ['export', 'pages', 'import']

/** What came of the faults that were met: work that is done makes no more calls. */
export interface ArchiveFaultSummary {
  readonly met: number
  /** How often the user was told what; `none`: it went well all the same. */
  readonly told: Readonly<Record<string, number>>
  readonly wrong: readonly ArchiveFaultReport[]
}

export async function failArchive(work: ArchiveWork, calls: readonly number[]): Promise<ArchiveFaultSummary> {
  const reports = await failEach<ArchiveFaultReport>(faultsAt(calls), undefined, { child, args: [work] })
  if (reports.length !== 2 * calls.length) throw new Error('a fault has no report')
  const met = reports.filter(({ failed }) => failed > 0)
  const told: Record<string, number> = {}
  for (const { fault, refusal } of met) {
    const what = `${fault.kind}: ${refusal ?? 'none'}`
    told[what] = (told[what] ?? 0) + 1
  }
  return { met: met.length, told, wrong: reports.filter(({ problems }) => problems.length > 0) }
}
