import { describe, expect, it } from 'vitest'
import type { CallPolicy } from '#shared/model/calls.ts'
import type { KeyRules } from '../description/keying.ts'
import { gateOf, type Gate, type ZrtpState } from './gate.ts'

/** Leaves, plays, is announced, or the end, in letters. */
function letters({ mayLeave, mayPlay, end, announceClear }: Gate): string {
  const can = `${mayLeave ? 'L' : '-'}${mayPlay ? 'P' : '-'}${announceClear ? 'A' : '-'}`
  return end === null ? can : `${can} ${end}`
}

const rules = (policy: CallPolicy, more: Partial<KeyRules> = {}): KeyRules => ({
  policy,
  ...{ signallingSecure: true, verified: false, choseDtls: false },
  ...more,
})
const states: readonly ZrtpState[] = ['off', 'running', 'secure', 'absent', 'failed']
const row = (asked: KeyRules, keying: 'clear' | 'sdes' | 'dtls'): string[] =>
  states.map((state) => letters(gateOf(asked, keying, state)))

const refuses = '--- refuses-encryption'
const failed = '--- keys-failed'
const strict = [refuses, '---', 'LP-', refuses, failed]
const open = ['LP-', 'LP-', 'LP-', 'LP-', 'LP-']

describe('captured media leaves only when the policy is met', () => {
  it.each<[CallPolicy, 'clear' | 'sdes' | 'dtls', readonly string[]]>([
    //                          off      running  secure absent   failed
    ['zrtp-required', 'clear', strict],
    ['zrtp-required', 'sdes', strict],
    ['zrtp-preferred', 'clear', ['LPA', '-P-', 'LP-', 'LPA', failed]],
    ['zrtp-preferred', 'sdes', open],
    ['zrtp-preferred', 'dtls', open],
    ['sdes-over-tls', 'clear', strict],
    ['sdes-over-tls', 'sdes', open],
    ['sdes-over-tls', 'dtls', open],
    ['any', 'clear', ['LPA', 'LP-', 'LP-', 'LPA', 'LPA']],
    ['any', 'sdes', open],
    ['any', 'dtls', open],
  ])('under %s, keyed %s', (policy, keying, gates) => {
    expect(row(rules(policy), keying)).toEqual(gates)
  })

  it.each<CallPolicy>(['zrtp-required', 'zrtp-preferred', 'sdes-over-tls', 'any'])(
    'never in clear or under SDES to a compared contact, whatever %s says',
    (policy) => {
      for (const keying of ['clear', 'sdes'] as const)
        expect(row(rules(policy, { verified: true }), keying)).toEqual(strict)
    },
  )

  it('never in clear where the user chose DTLS', () => {
    expect(row(rules('any', { choseDtls: true }), 'clear')).toEqual(strict)
  })

  it('never keyed by less than ZRTP where that is required, whatever is called a choice', () => {
    expect(row(rules('zrtp-required', { choseDtls: true }), 'dtls')).toEqual(strict)
  })
})
