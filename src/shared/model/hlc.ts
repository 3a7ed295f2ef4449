import type { Hlc } from './entry.ts'

/** Largest counter; the clock then steps one millisecond ahead. */
export const maxHlcCounter = 2047

/** Orders by wall time, then by counter. */
export function compareHlc(a: Hlc, b: Hlc): number {
  return a.wallMs - b.wallMs || a.counter - b.counter
}

/** The next timestamp of this device: after `last` and not before `nowMs`, even when the wall clock went back. */
export function tickHlc(last: Hlc, nowMs: number): Hlc {
  if (nowMs > last.wallMs) return { wallMs: nowMs, counter: 0 }
  if (last.counter < maxHlcCounter) return { wallMs: last.wallMs, counter: last.counter + 1 }
  return { wallMs: last.wallMs + 1, counter: 0 }
}

/** A foreign timestamp, clamped to when it was received: a clock that runs ahead cannot win against the future. */
export function clampHlc(hlc: Hlc, receivedAtMs: number): Hlc {
  return hlc.wallMs > receivedAtMs ? { wallMs: receivedAtMs, counter: maxHlcCounter } : hlc
}

/** What this device's clock becomes after it has seen a foreign timestamp. */
export function mergeHlc(last: Hlc, seen: Hlc, receivedAtMs: number): Hlc {
  const clamped = clampHlc(seen, receivedAtMs)
  return compareHlc(last, clamped) >= 0 ? last : clamped
}

/** A timestamp between two others, as far from both as there is room; `earlier` itself if there is none. */
export function betweenHlc(earlier: Hlc, later: Hlc): Hlc {
  const ticks = (hlc: Hlc): number => hlc.wallMs * (maxHlcCounter + 1) + hlc.counter
  const middle = ticks(earlier) + Math.floor((ticks(later) - ticks(earlier)) / 2)
  return { wallMs: Math.floor(middle / (maxHlcCounter + 1)), counter: middle % (maxHlcCounter + 1) }
}
