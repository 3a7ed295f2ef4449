import { describe, expect, it } from 'vitest'
import { parseArguments } from './arguments.ts'

describe('parseArguments', () => {
  it('has defaults', () => {
    expect(parseArguments(['node', 'main.js'])).toEqual({
      ok: true,
      value: { profile: 'default', data: null, homeServer: false },
    })
  })

  it('reads both spellings', () => {
    expect(parseArguments(['--profile', 'bob', '--data=/tmp/x y'])).toMatchObject({
      value: { profile: 'bob', data: '/tmp/x y' },
    })
  })

  it.each(['../alice', '', 'a/b', '.hidden', 'x'.repeat(40)])('refuses profile %j', (profile) => {
    expect(parseArguments(['--profile', profile])).toEqual({ ok: false, error: 'profile-name-invalid' })
  })
})
