import { decode, encode, rfc8949EncodeOptions } from 'cborg'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '../errors.ts'
import { toHex } from './bytes.ts'
import { decodeCanonical, encodeCanonical } from './canonical-cbor.ts'
import { TextTokens } from './text-tokens.ts'

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

/** What comes of bytes: the value, or why not. */
function outcome(read: () => unknown): unknown {
  try {
    return { value: read() }
  } catch (error) {
    if (error instanceof ProtocolError) return error.code
    throw error
  }
}

/** The slow way: reads, encodes what came out, and compares. */
function byEncodingAgain(bytes: Uint8Array): unknown {
  const options = {
    ...{ allowIndefinite: false, allowUndefined: false, allowInfinity: false, allowNaN: false, allowBigInt: false },
    ...{ strict: true, rejectDuplicateMapKeys: true },
  }
  let value: unknown
  try {
    value = decode(bytes, { ...options, tokenizer: new TextTokens(bytes, options) })
  } catch {
    return 'not-cbor'
  }
  return toHex(encode(value, rfc8949EncodeOptions)) === toHex(bytes) ? { value } : 'not-canonical'
}

const number = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
const plain = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    ...[number, fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 300 }), fc.uint8Array()],
    ...[fc.boolean(), fc.constant(null), fc.array(tie('value'), { maxLength: 30 })],
    fc.dictionary(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ maxLength: 30 })), tie('value')),
  ),
})).value

describe('canonical CBOR', () => {
  it.each([
    ...['00', '17', '1818', '18ff', '190100', '1a00010000', '1b0000000100000000', '1b001fffffffffffff'],
    ...['20', '37', '3818', '390100', '3b001ffffffffffffe', '40', '4101', '60', '6161', '63e282ac', '64f09f9880'],
    ...['80', '83010203', 'a0', 'a16161 01', 'a2 6161 01 6162 02', 'a2 6162 01 626161 02', 'f4', 'f5', 'f6'],
    ...['f93e00', 'fa47c350c0', 'fb3ff199999999999a', 'a1 6161 a2 6162 80 6163 a0'],
    ...[
      '63efbbbf',
      '66efbbbfefbbbf',
      '64efbbbf61',
      '7818efbbbf' + '61'.repeat(21),
      'a164efbbbf6101',
      'a2616101 64efbbbf6102',
    ],
    ...['63efbfbd', '7818' + '61'.repeat(24), '5818' + '00'.repeat(24), '9818' + '00'.repeat(24)],
  ])('is read and written as the same bytes: %s', (hex) => {
    expect(toHex(encodeCanonical(decodeCanonical(bytesOf(hex))))).toBe(hex.replaceAll(' ', ''))
  })

  it.each([
    ['a number in more bytes than it needs', '1817'],
    ['a number in four bytes instead of two', '1a0000ffff'],
    ['a number in eight bytes instead of four', '1b00000000ffffffff'],
    ['a negative number in more bytes than it needs', '3817'],
    ['a number beyond 2^53', '1b0020000000000000'],
    ['a negative number beyond 2^53', '3b001fffffffffffff'],
    ['a length of bytes in more bytes than it needs', '580101'],
    ['a length of text in more bytes than it needs', '780161'],
    ['a length of a list in more bytes than it needs', '980100'],
    ['a length of a map in more bytes than it needs', 'b801616100'],
    ['bytes of indefinite length', '5f4101ff'],
    ['text of indefinite length', '7f6161ff'],
    ['a list of indefinite length', '9f01ff'],
    ['a map of indefinite length', 'bf616101ff'],
    ['an end without a beginning', 'ff'],
    ['a key twice', 'a2 6161 01 6161 02'],
    ['a key twice, not in a row', 'a3 6161 01 6162 02 6161 03'],
    ['a key that is no text', 'a10102'],
    ['a tag', 'c100'],
    ['undefined', 'f7'],
    ['a simple value without meaning', 'f0'],
    ['a float that is no number', 'f97e00'],
    ['an infinite float', 'f97c00'],
    ['nothing', ''],
    ['more than one value', '0000'],
    ['a list without its last value', '8200'],
    ['a map without its last value', 'a16161'],
    ['text without its last byte', '6261'],
    ['a list of more than there can be', '9b001fffffffffffff'],
    ['keys in another order before an end that is missing', 'a2 6162 01 6161'],
    ['33 lists in each other', '81'.repeat(32) + '80'],
    ['maps and lists in each other', 'a16161 81'.repeat(16) + '80'],
    ['lists in lists in lists …', '81'.repeat(100_000)],
  ])('is not %s', (_, hex) => {
    expect(outcome(() => decodeCanonical(bytesOf(hex)))).toBe('not-cbor')
  })

  it.each([
    ['keys in another order', 'a2 6162 01 6161 02'],
    ['a longer key before a shorter one', 'a2 626161 01 6162 02'],
    ['keys in another order further in', '81 a1 6161 a2 6162 01 6161 02'],
    ['keys in another order behind a map', 'a2 6162 a1 6161 00 6161 02'],
    ['keys in another order behind a list', 'a2 6162 82 00 80 6161 02'],
    ['text that is no UTF-8', '61ff'],
    ['text with half a character', '62e282'],
    ['text with a surrogate', '63eda080'],
    ['text with a character in more bytes than it needs', '62c080'],
    ['a key that is no UTF-8', 'a161ff00'],
    ['a whole number as a float', 'f93c00'],
    ['zero below zero', 'f98000'],
    ['a float in four bytes instead of two', 'fa3fc00000'],
    ['a float in eight bytes instead of four', 'fb40f86a1800000000'],
  ])('is not %s, though it can be read', (_, hex) => {
    expect(outcome(() => decodeCanonical(bytesOf(hex)))).toBe('not-canonical')
  })

  it('keeps a mark of byte order that text begins with, also as the only thing that tells two keys apart', () => {
    for (const value of ['\u{FEFF}', '\u{FEFF}hello', `\u{FEFF}${'grüße '.repeat(20_000)}`, 'hello\u{FEFF}', 'ï»¿'])
      expect(decodeCanonical(encodeCanonical(value))).toBe(value)
    expect(decodeCanonical(encodeCanonical({ a: 1, '\u{FEFF}a': 2 }))).toEqual({ a: 1, '\u{FEFF}a': 2 })
  })

  it('is of 32 lists in each other', () => {
    const bytes = bytesOf('81'.repeat(31) + '80')
    expect(encodeCanonical(decodeCanonical(bytes))).toEqual(bytes)
  })

  it('is the same for whatever is read from a Buffer, and shares no memory with it', () => {
    const bytes = Buffer.from([0, 0x43, 1, 2, 3, 0]).subarray(1, 5)
    const value = decodeCanonical(bytes)
    bytes.fill(9)
    expect(value).toEqual(Uint8Array.of(1, 2, 3))
  })

  it('of a value is read as that value, and has its keys in the order of the RFC', () => {
    fc.assert(
      fc.property(plain, (value) => {
        const bytes = encodeCanonical(value)
        expect(toHex(bytes)).toBe(toHex(encode(value, rfc8949EncodeOptions)))
        expect(outcome(() => decodeCanonical(bytes))).toEqual(byEncodingAgain(bytes))
      }),
    )
  })

  it('is what encodes to itself, and nothing else', () => {
    const change = fc.record({ at: fc.nat(), to: fc.nat(255), kind: fc.constantFrom('set', 'insert', 'remove') })
    fc.assert(
      fc.property(plain, fc.array(change, { maxLength: 3 }), (value, changes) => {
        const bytes = [...encodeCanonical(value)]
        for (const { at, to, kind } of changes) {
          const inserted = kind === 'remove' ? [] : [to]
          bytes.splice(at % (bytes.length + 1), kind === 'insert' ? 0 : 1, ...inserted)
        }
        const changed = Uint8Array.from(bytes)
        expect(outcome(() => decodeCanonical(changed))).toEqual(byEncodingAgain(changed))
      }),
      { numRuns: 3000 },
    )
  })

  it('is told from other bytes as by encoding again', () => {
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(0x61, 0x80, 0x81, 0xa1, 0xa2, 0xf9, 0xef, 0xbb, 0xbf, 0x18))
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 12 }), (list) => {
        const bytes = Uint8Array.from(list)
        expect(outcome(() => decodeCanonical(bytes))).toEqual(byEncodingAgain(bytes))
      }),
      { numRuns: 20_000 },
    )
  })
})
