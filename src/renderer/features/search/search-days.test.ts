import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { dayOf, dayStart } from './search-days.ts'

describe('days of a search', () => {
  beforeAll(() => {
    vi.stubEnv('TZ', 'Europe/Berlin')
  })
  afterAll(() => {
    vi.unstubAllEnvs()
  })

  it('begin at midnight where the user is', () => {
    expect(dayStart('2026-11-22')).toBe(Date.UTC(2026, 10, 21, 23))
    expect(dayOf(Date.UTC(2026, 10, 21, 23))).toBe('2026-11-22')
    expect(dayOf(Date.UTC(2026, 10, 21, 23) - 1)).toBe('2026-11-21')
  })

  it('are as long as they are when the clocks change', () => {
    const hours = (text: string) => ((dayStart(text, 1) ?? 0) - (dayStart(text) ?? 0)) / 3_600_000
    expect(hours('2026-03-29')).toBe(23)
    expect(hours('2026-10-25')).toBe(25)
    expect(hours('2026-11-22')).toBe(24)
  })

  it('go over the end of a month and of a year', () => {
    expect(dayStart('2026-12-31', 1)).toBe(dayStart('2027-01-01'))
    expect(dayStart('2028-02-28', 1)).toBe(dayStart('2028-02-29'))
  })

  it('are none where nothing or nonsense was typed', () => {
    for (const text of ['', '2026', '22.11.2026', '2026-11-22T10:00', '1950-01-01']) expect(dayStart(text)).toBeNull()
    expect(dayOf(null)).toBe('')
  })

  it('come back as they were typed', () => {
    for (const text of ['1999-02-03', '2026-03-29', '2026-10-25', '2100-12-31']) {
      expect(dayOf(dayStart(text))).toBe(text)
    }
  })
})
