import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '#shared/bytes/bytes.ts'
import { databaseWrapKeyOf, derivePaperSeeds, paperKeysOf } from './paper-keys.ts'
import { paperWords, parsePaperWords, wordIndex } from './paper-words.ts'
import { wordlist } from './wordlist.ts'

/** From BIP 39's reference test vectors (vectors.json of its reference implementation): 128-bit entropy and words. */
const bip39Vectors: readonly (readonly [string, string])[] = [
  ['00000000000000000000000000000000', `${'abandon '.repeat(11)}about`],
  ['7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f', 'legal winner thank year wave sausage worth useful legal winner thank yellow'],
  [
    '80808080808080808080808080808080',
    'letter advice cage absurd amount doctor acoustic avoid letter advice cage above',
  ],
  ['ffffffffffffffffffffffffffffffff', `${'zoo '.repeat(11)}wrong`],
  ['9e885d952ad362caeb4efe34a8e91bd2', 'ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic'],
  ['c0ba5a8e914111210f2bd131f3d5e08d', 'scheme spot photo card baby mountain device kick cradle pact join borrow'],
  ['23db8160a31d3e0dca3688ed941adbf3', 'cat swing flag economy stadium alone churn speed unique patch report train'],
  [
    'f30f8c1da665478f49b001d94c5fc452',
    'vessel ladder alter error federal sibling chat ability sun glass valve picture',
  ],
]

describe('paper words', () => {
  it('agree with the published BIP 39 vectors both ways', () => {
    for (const [hex, words] of bip39Vectors) {
      expect(paperWords(Buffer.from(hex, 'hex')).join(' ')).toBe(words)
      expect(parsePaperWords(words)).toEqual({ ok: true, value: new Uint8Array(Buffer.from(hex, 'hex')) })
    }
  })

  it('come back for every secret, also in capitals, with odd spacing and from their first four letters', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (secret) => {
        const words = paperWords(secret)
        for (const typed of [
          words.join(' '),
          ` ${words.join('\n\t').toUpperCase()} `,
          words.map((w) => w.slice(0, 4)).join(' '),
        ])
          expect(parsePaperWords(typed)).toEqual({ ok: true, value: secret })
      }),
    )
  })

  it('says which word is wrong, and notices most exchanged words', () => {
    const words = [...paperWords(Buffer.from('9e885d952ad362caeb4efe34a8e91bd2', 'hex'))]
    expect(parsePaperWords(words.slice(1).join(' '))).toEqual({ ok: false, error: { kind: 'wrong-count', count: 11 } })
    expect(parsePaperWords(words.with(3, 'fibre').join(' '))).toEqual({
      ok: false,
      error: { kind: 'unknown-word', position: 3 },
    })
    expect(parsePaperWords([words[1], words[0], ...words.slice(2)].join(' '))).toEqual({
      ok: false,
      error: { kind: 'checksum' },
    })
  })

  it('refuses garbage without throwing', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(parsePaperWords(text).ok).toBe(false)
      }),
    )
  })

  it('are 2048 different words, each known by its first four letters', () => {
    expect(wordlist).toHaveLength(2048)
    expect(new Set(wordlist.map((word) => word.slice(0, 4))).size).toBe(2048)
    expect(wordlist.map((_, index) => wordIndex(wordlist[index]!))).toEqual(wordlist.map((_, index) => index))
    expect(wordIndex('abou')).toBe(wordlist.indexOf('about'))
    expect(wordIndex('aboutt')).toBeNull()
    expect(wordIndex('')).toBeNull()
  })
})

describe('paper keys', () => {
  it('are three different keys, the same ones every time', () => {
    const secret = Buffer.from('c0ba5a8e914111210f2bd131f3d5e08d', 'hex')
    const seeds = derivePaperSeeds(secret)
    const all = [seeds.databaseWrap, seeds.x25519, seeds.ed25519].map((seed) => Buffer.from(seed).toString('hex'))
    expect(new Set(all).size).toBe(3)
    // Frozen: a change would make every print-out worthless.
    expect(all).toMatchInlineSnapshot(`
      [
        "821ff7e85792096b9953471c203de96d8f45085b1b4d7f04c4df81db78e5ebaa",
        "63dde1b8062b64e77912149ce83fbf1600d2631291cce0427eaf3939843f31da",
        "8689d5fa6435e34540658a16b9c6661f6d210c0ce8d5daac2c37d0876217f4e5",
      ]
    `)
    expect(databaseWrapKeyOf(utf8(paperWords(secret).join(' ')))).toEqual({ ok: true, value: seeds.databaseWrap })
    expect(databaseWrapKeyOf(Uint8Array.of(0xff)).ok).toBe(false)
    expect(paperKeysOf(seeds).ed25519).toHaveLength(32)
  })
})
