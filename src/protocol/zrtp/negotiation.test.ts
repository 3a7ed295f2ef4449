import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { defaultPreferences, withMandatory, type DhName, type Preferences } from './algorithms.ts'
import { chooseAlgorithms, chooseMultistream } from './negotiation.ts'
import { findCommon, secretIds, type RetainedSecrets } from './secrets.ts'

const empty = { hashes: [], ciphers: [], authTags: [], keyAgreements: [], sasTypes: [] }
const agreements = (...keyAgreements: readonly DhName[]): Preferences =>
  withMandatory({ ...defaultPreferences, keyAgreements })

describe('the key agreement', () => {
  it('is the faster of the first choices in common, the RFC’s example (§4.1.2)', () => {
    const alice = agreements('DH2k', 'DH3k', 'EC25')
    const bob = agreements('EC38', 'EC25', 'DH3k')
    expect(chooseAlgorithms(alice, bob).keyAgreement).toBe('EC25')
    expect(chooseAlgorithms(bob, alice).keyAgreement).toBe('EC25')
  })

  it('is the same whoever commits', () => {
    const names: readonly DhName[] = ['DH2k', 'X255', 'EC25', 'DH3k', 'EC38']
    const random = new SeededRandom('lists')
    for (let round = 0; round < 500; round += 1) {
      const list = (): Preferences => {
        const shuffled = names.toSorted(() => random.unit() - 0.5)
        return agreements(...shuffled.slice(0, 1 + random.below(5)))
      }
      const [a, b] = [list(), list()]
      const chosen = chooseAlgorithms(a, b).keyAgreement
      expect(chosen).toBe(chooseAlgorithms(b, a).keyAgreement)
      expect([a, b].every(({ keyAgreements }) => keyAgreements.some((name) => name === chosen))).toBe(true)
    }
  })

  it('is DH3k with a peer that lists nothing', () => {
    expect(chooseAlgorithms(withMandatory(defaultPreferences), empty)).toEqual({
      hash: 'S256',
      cipher: 'AES1',
      authTag: 'HS80',
      keyAgreement: 'DH3k',
      sas: 'B32 ',
    })
  })

  it('is EC38 only together with SHA-384, and then with AES-256', () => {
    const own = agreements('EC38')
    expect(chooseAlgorithms(own, { ...empty, keyAgreements: ['EC38'] }).keyAgreement).toBe('DH3k')
    expect(chooseAlgorithms(own, own)).toMatchObject({ keyAgreement: 'EC38', hash: 'S384', cipher: 'AES3' })
  })

  it('knows nothing of names it does not know', () => {
    const peer = { ...empty, keyAgreements: ['X448', 'Prsh', 'Mult', 'EC52'], ciphers: ['2FS3', 'AES3'] }
    expect(chooseAlgorithms(withMandatory({ ...defaultPreferences, ciphers: ['AES3'] }), peer)).toMatchObject({
      keyAgreement: 'DH3k',
      cipher: 'AES3',
    })
  })
})

describe('the other choices', () => {
  it('are the initiator’s first in common', () => {
    const own = withMandatory({
      ...defaultPreferences,
      ciphers: ['AES3', 'AES1'],
      hashes: ['S384'],
      sasTypes: ['B256'],
    })
    expect(chooseAlgorithms(own, withMandatory(defaultPreferences))).toMatchObject({
      cipher: 'AES3',
      hash: 'S384',
      authTag: 'HS80',
      sas: 'B256',
    })
    expect(chooseAlgorithms(own, empty)).toMatchObject({ cipher: 'AES1', hash: 'S256', sas: 'B32 ' })
  })

  it('stay those of the first stream in a further one, where the peer has them', () => {
    const own = withMandatory(defaultPreferences)
    const first = { hash: 'S384', cipher: 'AES3', authTag: 'HS32', keyAgreement: 'EC38', sas: 'B256' } as const
    expect(chooseMultistream(first, own, own)).toEqual({ ...first, keyAgreement: 'Mult' })
    expect(chooseMultistream(first, own, empty)).toMatchObject({ hash: 'S256', cipher: 'AES1', authTag: 'HS32' })
  })

  it('always have what everybody must know, once', () => {
    expect(withMandatory({ ...defaultPreferences, authTags: ['HS80'], keyAgreements: ['DH3k'] })).toMatchObject({
      authTags: ['HS80', 'HS32'],
      keyAgreements: ['DH3k'],
    })
  })
})

describe('common secrets', () => {
  const bytes = (name: string): Uint8Array => new SeededRandom(name).bytes(32)
  const [x, y, z] = [bytes('x'), bytes('y'), bytes('z')]
  const h3 = { i: bytes('h3 i'), r: bytes('h3 r') }
  const known = (rs1: Uint8Array | null, rs2: Uint8Array | null = null) => ({
    retained: rs1 && ({ rs1, rs2, sasVerified: false } satisfies RetainedSecrets),
    aux: null,
  })

  it.each([
    ['rs1 and rs1', [x], [x], x],
    ['rs1 and rs2', [x], [y, x], x],
    ['rs2 and rs1', [y, x], [x], x],
    ['the initiator’s rs1 before its rs2', [x, y], [y, x], x],
    ['neither', [x, y], [z], null],
    ['none at all', [], [], null],
  ] as const)('%s: both ends find the same', (_, initiator, responder, expected) => {
    const [i, r] = [
      known(initiator[0] ?? null, initiator[1] ?? null),
      known(responder[0] ?? null, responder[1] ?? null),
    ]
    const random = new SeededRandom('ids')
    const fromI = {
      side: 'Initiator',
      h3: h3.i,
      ids: secretIds('S256', i, { side: 'Initiator', h3: h3.i }, random),
    } as const
    const fromR = {
      side: 'Responder',
      h3: h3.r,
      ids: secretIds('S256', r, { side: 'Responder', h3: h3.r }, random),
    } as const
    expect(findCommon('S256', i, fromR).s1).toEqual(expected)
    expect(findCommon('S256', r, fromI).s1).toEqual(expected)
  })

  it('shows nobody which secrets there are', () => {
    const random = new SeededRandom('random ids')
    const side = { side: 'Initiator', h3: h3.i } as const
    const [one, two] = [secretIds('S256', known(null), side, random), secretIds('S256', known(null), side, random)]
    const ids = [one.rs1, one.rs2, one.aux, one.pbx, two.rs1, two.rs2, two.aux, two.pbx]
    const texts = ids.map((id) => Buffer.from(id).toString('hex'))
    expect(new Set(texts).size).toBe(8)
  })
})
