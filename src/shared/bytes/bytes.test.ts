import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromBase64Url, toBase64Url } from './base64url.ts'
import { compareBytes, concatBytes, equalBytes, toHex, utf8, utf8Text, wipe } from './bytes.ts'

describe('base64url', () => {
  it('writes the vectors of RFC 4648 §10, without padding', () => {
    const vectors = { '': '', f: 'Zg', fo: 'Zm8', foo: 'Zm9v', foob: 'Zm9vYg', fooba: 'Zm9vYmE', foobar: 'Zm9vYmFy' }
    for (const [text, encoded] of Object.entries(vectors)) {
      expect(toBase64Url(utf8(text))).toBe(encoded)
      expect(fromBase64Url(encoded)).toEqual(utf8(text))
    }
  })

  it('agrees with Node for all bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
        expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes)
      }),
    )
  })

  it('takes nothing but its own form', () => {
    for (const text of ['Z', 'Zh', 'Zm9', 'Zg==', 'Z+9v', 'Zm9v\n', 'Zm9\u00e9']) expect(fromBase64Url(text)).toBeNull()
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), (text) => {
        const bytes = fromBase64Url(text)
        if (bytes !== null) expect(toBase64Url(bytes)).toBe(text)
      }),
    )
  })
})

describe('bytes', () => {
  it('compares, joins and wipes', () => {
    const [a, b] = [Uint8Array.of(1, 2), Uint8Array.of(1, 3)]
    expect(equalBytes(a, Uint8Array.of(1, 2))).toBe(true)
    expect(equalBytes(a, b)).toBe(false)
    expect(equalBytes(a, Uint8Array.of(1))).toBe(false)
    expect(compareBytes(a, b)).toBeLessThan(0)
    expect(compareBytes(concatBytes(a, b), a)).toBeGreaterThan(0)
    expect(toHex(concatBytes(a, Uint8Array.of(255)))).toBe('0102ff')
    wipe(a, b)
    expect(concatBytes(a, b)).toEqual(new Uint8Array(4))
  })

  it('reads UTF-8 strictly', () => {
    expect(utf8Text(utf8('\ufeffgrüße 😀'))).toBe('\ufeffgrüße 😀')
    expect(utf8Text(Uint8Array.of(0xff))).toBeNull()
    expect(utf8Text(Uint8Array.of(0xed, 0xa0, 0x80))).toBeNull()
  })
})
