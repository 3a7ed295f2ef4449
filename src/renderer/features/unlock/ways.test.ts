import { describe, expect, it } from 'vitest'
import type { RungStates } from '#shared/model/views.ts'
import { damagedWays, firstWay, offeredWays } from './ways.ts'

const rungs = (over: Partial<RungStates>): RungStates => ({
  ...{ keychain: 'none', passphrase: 'none', paperSecret: 'none' },
  ...over,
})

describe('ways to unlock', () => {
  it('offers what is set up, the keychain only where there is one', () => {
    const set = rungs({ keychain: 'set', passphrase: 'set' })
    expect(offeredWays({ rungs: set, keychain: 'available', keychainFailure: null })).toEqual([
      'keychain',
      'passphrase',
    ])
    expect(offeredWays({ rungs: set, keychain: 'unavailable', keychainFailure: null })).toEqual(['passphrase'])
  })

  it('begins with what just failed only where there is nothing else', () => {
    const both = { rungs: rungs({ keychain: 'set', paperSecret: 'set' }), keychain: 'available' } as const
    expect(firstWay({ ...both, keychainFailure: null })).toBe('keychain')
    expect(firstWay({ ...both, keychainFailure: 'keychain-failed' })).toBe('paper-secret')
    expect(firstWay({ ...both, keychainFailure: null }, 'paper-secret')).toBe('keychain')
    const only = { rungs: rungs({ keychain: 'set' }), keychain: 'available' } as const
    expect(firstWay({ ...only, keychainFailure: 'keychain-failed' })).toBe('keychain')
  })

  it('leaves out what is damaged, and says so', () => {
    const hurt = rungs({ passphrase: 'damaged', paperSecret: 'set' })
    expect(offeredWays({ rungs: hurt, keychain: 'available', keychainFailure: null })).toEqual(['paper-secret'])
    expect(damagedWays(hurt)).toEqual(['passphrase'])
  })

  it('lets people type where nothing of the ladder can be read', () => {
    const lost = { rungs: rungs({}), keychain: 'available', keychainFailure: null } as const
    expect(offeredWays(lost)).toEqual(['passphrase', 'paper-secret'])
  })
})
