import { describe, expect, it } from 'vitest'
import { defaultDeviceName } from './device-name.ts'

describe('the name of a new device', () => {
  it('is that of its computer, and tells profiles apart', () => {
    expect(defaultDeviceName('desk', 'default')).toBe('desk')
    expect(defaultDeviceName('desk', 'bob')).toBe('desk (bob)')
  })

  it('fits into a link and keeps the profile', () => {
    expect(defaultDeviceName('x'.repeat(200), 'bob')).toBe(`${'x'.repeat(74)} (bob)`)
    expect(defaultDeviceName('desk', 'y'.repeat(200))).toHaveLength(80)
  })
})
