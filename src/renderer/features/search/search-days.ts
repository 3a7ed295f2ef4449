/** Days as a date field writes them (`2026-11-22`, the local time zone) and as a search has them (ms); pure. */

const day = /^(\d{4})-(\d{2})-(\d{2})$/

/** When a day begins; with `after`, when so many days later one does. Null for what is no day. */
export function dayStart(text: string, after = 0): number | null {
  const parts = day.exec(text)
  if (parts === null) return null
  const [year = 0, month = 0, date = 0] = parts.slice(1).map(Number)
  // A calendar and no sum of hours: not every day has 24 of them.
  const at = new Date(year, month - 1, date + after).getTime()
  return Number.isNaN(at) || at < 0 ? null : at
}

/** The day that a time belongs to; empty for null. */
export function dayOf(at: number | null): string {
  if (at === null) return ''
  const date = new Date(at)
  const two = (part: number): string => String(part).padStart(2, '0')
  return `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}
