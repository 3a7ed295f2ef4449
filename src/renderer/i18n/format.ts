/** Dates, times and sizes as people write them. Times are milliseconds since 1970-01-01 UTC. */
import type { Language } from './i18n.ts'

const formats = new Map<string, Intl.DateTimeFormat>()
const numberFormats = { en: new Intl.NumberFormat('en'), de: new Intl.NumberFormat('de') } as const

function dateFormat(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${JSON.stringify(options)}`
  const known = formats.get(key)
  if (known !== undefined) return known
  // 24 hours everywhere: compact, and the same in every list.
  const made = new Intl.DateTimeFormat(language === 'de' ? 'de-DE' : 'en-GB', options)
  formats.set(key, made)
  return made
}

/** The hour and minute of a message. */
export function formatTime(language: Language, at: number): string {
  return dateFormat(language, { hour: '2-digit', minute: '2-digit' }).format(at)
}

/** The date with its weekday, for a separator between days. */
export function formatDay(language: Language, at: number): string {
  return dateFormat(language, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }).format(at)
}

/** Date and time in full, for details and dialogs. */
export function formatDateTime(language: Language, at: number): string {
  return dateFormat(language, { dateStyle: 'long', timeStyle: 'medium' }).format(at)
}

/** Days since 1970 in the local time zone; equal numbers mean the same day on the wall. */
export function localDay(at: number): number {
  const date = new Date(at)
  return Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000)
}

/** Today as a time, within the last six days as a weekday, else as a short date. */
export function formatShort(language: Language, at: number, now: number): string {
  const age = localDay(now) - localDay(at)
  if (age === 0) return formatTime(language, at)
  if (age > 0 && age < 7) return dateFormat(language, { weekday: 'short' }).format(at)
  return dateFormat(language, { day: '2-digit', month: '2-digit', year: '2-digit' }).format(at)
}

/** A size in bytes with the unit that leaves one to three digits. */
export function formatBytes(language: Language, bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const
  let index = 0
  let value = bytes
  while (value >= 1000 && index < units.length - 1) {
    value /= 1000
    index += 1
  }
  const unit = units[index] ?? 'byte'
  return new Intl.NumberFormat(language, { style: 'unit', unit, maximumFractionDigits: value < 10 ? 1 : 0 }).format(
    value,
  )
}

const spans = [
  { unit: 'week', seconds: 604_800 },
  { unit: 'day', seconds: 86_400 },
  { unit: 'hour', seconds: 3600 },
  { unit: 'minute', seconds: 60 },
  { unit: 'second', seconds: 1 },
] as const

/** A length of time in the largest unit that leaves a whole number. */
export function formatDuration(language: Language, seconds: number): string {
  const span = spans.find((candidate) => seconds % candidate.seconds === 0) ?? spans[4]
  return inUnit(language, span.unit, seconds / span.seconds)
}

/** A number of days. */
export function formatDays(language: Language, days: number): string {
  return inUnit(language, 'day', days)
}

function inUnit(language: Language, unit: string, value: number): string {
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(value)
}

/** A whole number with the language's grouping. */
export function formatCount(language: Language, count: number): string {
  return numberFormats[language].format(count)
}
