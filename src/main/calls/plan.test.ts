import { describe, expect, it } from 'vitest'
import { lessonOf, stillCounts } from './plan.ts'

describe('what a call teaches', () => {
  it('of an offer of ours is which one was taken, unless it came out of memory or was chosen', () => {
    expect(lessonOf('zrtp', ['zrtp'])).toBe('zrtp')
    expect(lessonOf('dtls', ['zrtp', 'dtls'])).toBe('dtls')
    expect(lessonOf('sdes', ['zrtp', 'dtls', 'sdes'])).toBe('sdes')
    expect(lessonOf('zrtp', ['dtls', 'zrtp'])).toBe('zrtp')
    expect(lessonOf('dtls', ['dtls'])).toBeNull()
    expect(lessonOf('sdes', ['sdes'])).toBeNull()
  })

  it('of SDES within an offer with ZRTP is that this offer works: ZRTP keeps its chance', () => {
    expect(lessonOf('sdes', ['zrtp'])).toBe('zrtp')
  })

  it('of a call in clear is that what worked before was better', () => {
    expect(lessonOf('none', ['zrtp'])).toBe('as-before')
    expect(lessonOf('none', null)).toBeNull()
  })

  it('of the other side’s own offer is what it likes', () => {
    expect((['zrtp', 'dtls', 'sdes'] as const).map((method) => lessonOf(method, null))).toEqual([
      'zrtp',
      'dtls',
      'sdes',
    ])
  })

  it('counts for thirty days', () => {
    const days = 24 * 3_600_000
    expect([29, 30, 31].map((age) => stillCounts(5_000, 5_000 + age * days))).toEqual([true, false, false])
  })
})
