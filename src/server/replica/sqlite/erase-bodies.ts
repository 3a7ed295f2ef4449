import { toHex } from '#shared/bytes/bytes.ts'
import type { BodyToErase } from '../replica-store.ts'
import { withoutBodies } from '../without-bodies.ts'
import type { DayFile } from './day-file.ts'
import type { DayFiles } from './day-files.ts'

/** Those of the bodies whose place in the history of their device has not been written yet. */
export function notYetHere(days: DayFiles, account: string, bodies: readonly BodyToErase[]): readonly BodyToErase[] {
  return bodies.filter(({ device, seq }) => {
    const batch = days.reaching(account, device, seq)?.reaching(account, device, seq) ?? null
    return batch === null || batch.first > seq
  })
}

/** Takes bodies out of the files they are in; returns how many were there. */
export function eraseBodies(days: DayFiles, account: string, bodies: readonly BodyToErase[]): number {
  const byFile = new Map<DayFile, BodyToErase[]>()
  for (const body of bodies) {
    const file = days.reaching(account, body.device, body.seq)
    if (file !== null) byFile.set(file, [...(byFile.get(file) ?? []), body])
  }
  let erased = 0
  for (const [file, some] of byFile) {
    file.transaction(() => (erased += eraseFrom(file, account, some)))
    // Also where nothing was there: who asks again may have died before this.
    file.purge()
  }
  return erased
}

function eraseFrom(file: DayFile, account: string, bodies: readonly BodyToErase[]): number {
  let erased = 0
  for (const some of Map.groupBy(bodies, ({ device }) => toHex(device)).values()) {
    const waiting = some.toSorted((a, b) => a.seq - b.seq)
    for (let [next] = waiting; next !== undefined; [next] = waiting) {
      const batch = file.reaching(account, next.device, next.seq)
      const last = batch?.last ?? next.seq
      const ofBatch = waiting.splice(0, Math.max(1, waiting.findLastIndex(({ seq }) => seq <= last) + 1))
      const rest = batch === null ? null : withoutBodies(batch.bytes, ofBatch)
      if (batch === null || rest === null) continue
      file.replace([account, next.device], batch, rest.bytes)
      erased += rest.erased
    }
  }
  return erased
}
