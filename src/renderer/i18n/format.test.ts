import { describe, expect, it } from 'vitest'
import { formatBytes, formatCount, formatShort, localDay } from './format.ts'

describe('formats', () => {
  const now = new Date(2026, 10, 21, 15, 30).getTime()

  it('gets shorter the older a message is', () => {
    expect(formatShort('en', new Date(2026, 10, 21, 9, 5).getTime(), now)).toBe('09:05')
    expect(formatShort('en', new Date(2026, 10, 19, 9, 5).getTime(), now)).toBe('Thu')
    expect(formatShort('de', new Date(2026, 10, 19, 9, 5).getTime(), now)).toBe('Do')
    expect(formatShort('de', new Date(2026, 4, 2, 9, 5).getTime(), now)).toBe('02.05.26')
    // A clock that runs ahead on the other side.
    expect(formatShort('en', new Date(2026, 10, 23, 9, 5).getTime(), now)).toBe('23/11/26')
  })

  it('changes the day at midnight on the wall', () => {
    const before = new Date(2026, 2, 29, 23, 59, 59).getTime()
    const after = new Date(2026, 2, 30, 0, 0, 0).getTime()
    expect(localDay(after) - localDay(before)).toBe(1)
  })

  it('writes sizes and counts as the language does', () => {
    expect(formatBytes('en', 0)).toBe('0 byte')
    expect(formatBytes('en', 48_300_000)).toBe('48 MB')
    expect(formatBytes('de', 1_500_000_000)).toBe('1,5\u00a0GB')
    expect(formatCount('de', 100_412)).toBe('100.412')
  })
})
