import { describe, expect, it } from 'vitest'
import { plainBridgeNames, secretBridgeNames } from './names.ts'
import type { BridgeMethod } from './method.ts'
import { bridgeTable } from './table.ts'

const rows: readonly (readonly [string, BridgeMethod])[] = Object.entries(bridgeTable)

describe('names of the bridge table', () => {
  it('lists exactly the secret rows', () => {
    const secret = rows.filter(([, row]) => row.secret === true).map(([name]) => name)
    expect([...secretBridgeNames].sort()).toEqual(secret.sort())
  })

  it('lists exactly the other rows', () => {
    const plain = rows.filter(([, row]) => row.secret !== true).map(([name]) => name)
    expect([...plainBridgeNames].sort()).toEqual(plain.sort())
  })

  it('opens https links without credentials only', () => {
    const { args } = bridgeTable['app.openLink']
    expect(args.safeParse({ url: 'https://example.org/a?b=c#d' }).success).toBe(true)
    for (const url of [
      'http://example.org',
      'javascript:alert(1)',
      'https://user@example.org',
      'https://a b',
      'https://',
    ]) {
      expect(args.safeParse({ url }).success, url).toBe(false)
    }
  })
})
