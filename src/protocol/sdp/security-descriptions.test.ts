import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  parseSecurityDescription,
  readSecurityDescriptions,
  serializeSecurityDescription,
  type CryptoSuite,
  type SecurityDescription,
} from './security-descriptions.ts'

/** Bytes of key and salt, as RFC 4568, 6188 and 7714 have them. */
const lengths: readonly (readonly [CryptoSuite, number, number])[] = [
  ['AES_CM_128_HMAC_SHA1_80', 16, 14],
  ['AES_CM_128_HMAC_SHA1_32', 16, 14],
  ['AES_192_CM_HMAC_SHA1_80', 24, 14],
  ['AES_192_CM_HMAC_SHA1_32', 24, 14],
  ['AES_256_CM_HMAC_SHA1_80', 32, 14],
  ['AES_256_CM_HMAC_SHA1_32', 32, 14],
  ['AEAD_AES_128_GCM', 16, 12],
  ['AEAD_AES_256_GCM', 32, 12],
]
const keySalt = 'PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR'
const good = `1 AES_CM_128_HMAC_SHA1_80 inline:${keySalt}`
const ascii = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

describe('examples of RFC 4568', () => {
  it('§4', () => {
    const read = parseSecurityDescription(`${good}|2^20|1:32`)
    expect(read).toMatchObject({ tag: 1, suite: 'AES_CM_128_HMAC_SHA1_80', lifetime: 2 ** 20 })
    expect(ascii(read?.key ?? new Uint8Array()) + ascii(read?.salt ?? new Uint8Array())).toBe(
      '=-n@%^x!Bjufr9)?,#5h\\`=&]{qiPQ',
    )
    expect(read?.key).toHaveLength(16)
    expect(ascii(read?.mki ?? new Uint8Array())).toBe('\0'.repeat(31) + '\x01')
  })

  it.each([
    ['d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4', 2 ** 20, [0, 0, 0, 1]],
    ['YUJDZGVmZ2hpSktMbW9QUXJzVHVWd3l6MTIzNDU2|1066:4', null, [0, 0, 4, 42]],
    ['NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj', null, null],
    ['WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4 FEC_ORDER=FEC_SRTP', 2 ** 20, [0, 0, 0, 1]],
  ])('inline:%s', (text, lifetime, mki) => {
    const read = parseSecurityDescription(`1 AES_CM_128_HMAC_SHA1_32 inline:${text}`)
    expect(read?.lifetime).toBe(lifetime)
    expect(read?.mki === null ? null : [...(read?.mki ?? [])]).toEqual(mki)
  })

  it('§7.1.1: the second line, with two keys under another cipher, is not for us', () => {
    const attributes = [
      '1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4 FEC_ORDER=FEC_SRTP',
      '2 F8_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm|2^20|1:4;inline:QUJjZGVmMTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5|2^20|2:4 FEC_ORDER=FEC_SRTP',
    ].map((value) => ({ name: 'crypto', value }))
    expect(readSecurityDescriptions({ attributes }).map(({ tag }) => tag)).toEqual([1])
  })
})

describe('what is usable', () => {
  it.each([
    good,
    `0 aes_cm_128_hmac_sha1_80 INLINE:${keySalt}`,
    `999999999 AES_CM_128_HMAC_SHA1_80\t inline:${keySalt}|1`,
    `${good}|281474976710656`,
    `${good}|2^48|1:1`,
    `${good}|2^0 KDR=0 WSH=64 -unknown=1`,
    `${good}|255:1`,
  ])('%s', (value) => {
    expect(parseSecurityDescription(value)?.suite).toBe('AES_CM_128_HMAC_SHA1_80')
  })

  it.each([
    '',
    '1',
    `01 AES_CM_128_HMAC_SHA1_80 inline:${keySalt}`,
    `1000000000 AES_CM_128_HMAC_SHA1_80 inline:${keySalt}`,
    `-1 AES_CM_128_HMAC_SHA1_80 inline:${keySalt}`,
    `1 AES_CM_128_NULL_AUTH inline:${keySalt}`,
    `1 F8_128_HMAC_SHA1_80 inline:${keySalt}`,
    `1 constructor inline:${keySalt}`,
    `1 AES_CM_128_HMAC_SHA1_80 uri:${keySalt}`,
    `1 AES_CM_128_HMAC_SHA1_80 inline:`,
    `1 AEAD_AES_128_GCM inline:${keySalt}`,
    `1 AES_256_CM_HMAC_SHA1_80 inline:${keySalt}`,
    good.slice(0, -1),
    `${good}A`,
    `${good}AAAA`,
    `${good.slice(0, -1)}*`,
    `1 AES_256_CM_HMAC_SHA1_80 inline:${'A'.repeat(61)}B`,
    `${good}|0`,
    `${good}|020`,
    `${good}|2^49`,
    `${good}|281474976710657`,
    `${good}|3^20`,
    `${good}|1:0`,
    `${good}|1:129`,
    `${good}|256:1`,
    `${good}|0:1`,
    `${good}|01:1`,
    `${good}|1:01`,
    `${good}|1:4|2^20`,
    `${good}|2^20|1`,
    `${good}|2^20|1:4|`,
    `${good}|1:4;inline:${keySalt}|2:4`,
    `${good} KDR=1`,
    `${good} KDR=24`,
    `${good} UNENCRYPTED_SRTP`,
    `${good} UNENCRYPTED_SRTCP`,
    `${good} unencrypted_srtcp`,
    `${good} UNAUTHENTICATED_SRTP`,
    `${good} WSH=128 UNAUTHENTICATED_SRTP`,
    `${good} FEC_ORDER=SRTP_FEC`,
    `${good} FEC_KEY=inline:${keySalt}`,
    `${good} WSH=63`,
    `${good} WSH=0128`,
    `${good} unknown`,
    `${good} -`,
    `${good} ${'-x '.repeat(600)}`,
  ])('not: %s', (value) => {
    expect(parseSecurityDescription(value)).toBeNull()
  })

  it('takes no line whose tag is there twice', () => {
    const attributes = [good, good, `2${good.slice(1)}`, `3 nothing`].map((value) => ({ name: 'crypto', value }))
    expect(readSecurityDescriptions({ attributes }).map(({ tag }) => tag)).toEqual([2])
    expect(readSecurityDescriptions({ attributes: [] })).toEqual([])
  })
})

describe('writing', () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  const descriptions: fc.Arbitrary<SecurityDescription> = fc.constantFrom(...lengths).chain(([suite, key, salt]) =>
    fc.record({
      tag: fc.integer({ min: 0, max: 999_999_999 }),
      suite: fc.constant(suite),
      key: bytes(key),
      salt: bytes(salt),
      lifetime: fc.option(fc.oneof(fc.integer({ min: 1, max: 2 ** 48 }), fc.constantFrom(2 ** 20, 2 ** 31, 2 ** 48))),
      mki: fc.option(fc.uint8Array({ minLength: 1, maxLength: 128 }).filter((mki) => mki.some((byte) => byte !== 0))),
    }),
  )

  it('is read back the same', () => {
    fc.assert(
      fc.property(descriptions, (description) => {
        expect(parseSecurityDescription(serializeSecurityDescription(description))).toEqual(description)
      }),
    )
  })

  it('writes as the RFC does', () => {
    const value = `${good}|2^20|1:32`
    const read = parseSecurityDescription(value)
    expect(read === null ? '' : serializeSecurityDescription(read)).toBe(value)
  })

  it.each([
    { key: new Uint8Array(15) },
    { salt: new Uint8Array(15) },
    { tag: -1 },
    { tag: 1.5 },
    { lifetime: 0 },
    { lifetime: 2 ** 49 },
    { mki: new Uint8Array(4) },
    { mki: new Uint8Array(129).fill(1) },
  ])('refuses %o', (fault) => {
    const read = parseSecurityDescription(good)
    if (read === null) throw new Error('not read')
    expect(() => serializeSecurityDescription({ ...read, ...fault })).toThrow(RangeError)
  })
})
