/** Which bytes are known: sorted, disjoint, half-open `[start, end)` pairs counted from 0. */
export type Ranges = readonly (readonly [start: number, end: number])[]

/** Adds `[start, end)`, joining what touches; null when that would need more than `maxRanges`. */
export function addRange(ranges: Ranges, start: number, end: number, maxRanges = 256): Ranges | null {
  if (end <= start) return ranges
  const before = ranges.filter((range) => range[1] < start)
  const after = ranges.filter((range) => range[0] > end)
  const touching = ranges.slice(before.length, ranges.length - after.length)
  const joined: [number, number] = [
    Math.min(start, touching[0]?.[0] ?? start),
    Math.max(end, touching.at(-1)?.[1] ?? end),
  ]
  const result = [...before, joined, ...after]
  return result.length > maxRanges ? null : result
}

/** True when every byte of `[0, total)` is there. */
export function coversAll(ranges: Ranges, total: number): boolean {
  const first = ranges[0]
  return total === 0 || (first?.[0] === 0 && first[1] >= total)
}

/** End of the last range, 0 when there is none. */
export function rangesEnd(ranges: Ranges): number {
  return ranges.at(-1)?.[1] ?? 0
}
