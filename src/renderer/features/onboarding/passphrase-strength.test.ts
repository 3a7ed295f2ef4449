import { describe, expect, it } from 'vitest'
import { passphraseStrength } from './passphrase-strength.ts'

describe('passphrase strength', () => {
  it.each([
    ['', 'none'],
    ['password', 'weak'],
    ['aaaaaaaaaaaaaaaa', 'weak'],
    ['1234567890', 'weak'],
    ['qwertyuiop', 'weak'],
    ['summer2024', 'weak'],
    ['horse horse horse horse horse', 'weak'],
    ['correct horse battery', 'fair'],
    ['correct horse battery staple', 'weak'],
    ['copper river mango violin', 'good'],
    ['river lantern copper violin mango', 'strong'],
    ['Xk7#pQ2v!m9Lz4&w', 'strong'],
  ] as const)('%s is %s', (passphrase, strength) => {
    expect(passphraseStrength(passphrase)).toBe(strength)
  })
})
