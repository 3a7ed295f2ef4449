/** Where a message stands in its conversation and in the search index (docs/history.md). */
import { maxHlcCounter } from '#shared/model/hlc.ts'
import type { Hlc } from '#shared/model/entry.ts'

const slots = maxHlcCounter + 1
const maxWallMs = Math.floor(Number.MAX_SAFE_INTEGER / slots) - 1

/** Milliseconds of the first observation, then the clock's counter. */
export function basePosition(hlc: Hlc): number {
  return Math.min(hlc.wallMs, maxWallMs) * slots + Math.min(hlc.counter, maxHlcCounter)
}

/** The timestamp behind a base position. */
export function hlcOf(base: number): Hlc {
  return { wallMs: Math.floor(base / slots), counter: base % slots }
}

/** The first position of a moment, ms. */
export function positionAt(ms: number): number {
  return Math.max(0, Math.min(Math.floor(ms), maxWallMs)) * slots
}
