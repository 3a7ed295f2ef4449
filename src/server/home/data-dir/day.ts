const dayMs = 86_400_000

/** Whole days since 1970-01-01 UTC: as exact as the server ever keeps a time about a person. */
export function dayOf(ms: number): number {
  return Math.floor(ms / dayMs)
}

/** `YYYY-MM-DD` of a day number. */
export function formatDay(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10)
}

/** Start of a day, in milliseconds. */
export function dayStart(day: number): number {
  return day * dayMs
}
