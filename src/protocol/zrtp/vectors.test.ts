import { createCipheriv, createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { hashes, type HashName } from './algorithms.ts'
import { decryptCfb, encryptCfb } from './cfb.ts'
import { decodeCommit, encodeCommit } from './commit.ts'
import { openConfirm, sealConfirm, type ConfirmKeys } from './confirm.ts'
import { crc32c } from './crc32c.ts'
import { decodeDhPart, encodeDhPart } from './dh-part.ts'
import { helloHashOf, readHelloHash } from './hello-hash.ts'
import { decodeHello, encodeHello } from './hello.ts'
import { hashChainOf, hasImplicitMac, isPreimage } from './implicit.ts'
import { hashOf, kdf } from './kdf.ts'
import { typeOf } from './message.ts'
import { decodePacket, encodePacket, isZrtp } from './packet.ts'
import { pgpWords } from './pgp-words.ts'
import { base32 } from './sas.ts'

interface KdfVector {
  readonly key: string
  readonly label: string
  readonly context: string
  readonly outLen: number
  readonly hash: 'SHA-256' | 'SHA-384'
  readonly out: string
}

interface SessionVector {
  readonly packets: readonly {
    readonly type: string
    readonly seq: number
    readonly ssrc: string
    readonly hex: string
  }[]
  readonly initiator: string
  readonly responder: string
  readonly hashChains: Readonly<Record<string, readonly string[]>>
  readonly helloHash: Readonly<Record<string, string>>
  readonly hvi: string
  readonly mackeyi: string
  readonly mackeyr: string
  readonly zrtpkeyi: string
  readonly zrtpkeyr: string
}

interface Vectors {
  readonly kdf: readonly KdfVector[]
  readonly crc32c: readonly { readonly data: string; readonly crcWireHex: string }[]
  readonly session: SessionVector
  readonly helloFromZrtpcpp: { readonly hex: string; readonly helloHash: string }
}

const load = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../test/vectors/zrtp/${name}`, import.meta.url), 'utf8'))
const vectors = load('zrtp-bzrtp.json') as Vectors
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const asHex = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('hex')

describe('key derivation', () => {
  it.each(vectors.kdf)('$label', ({ key, label, context, outLen, hash, out }) => {
    const name: HashName = hash === 'SHA-256' ? 'S256' : 'S384'
    expect(asHex(kdf(name, hex(key), label, { context: hex(context), bytes: outLen }))).toBe(out)
  })

  it('gives no more than the hash has', () => {
    const context = new Uint8Array(0)
    expect(() => kdf('S256', new Uint8Array(32), 'x', { context, bytes: 33 })).toThrow(RangeError)
    expect(kdf('S384', new Uint8Array(32), 'x', { context, bytes: 48 })).toHaveLength(hashes.S384.bytes)
  })
})

describe('checksum', () => {
  it.each(vectors.crc32c)('ends the packet $crcWireHex', ({ data, crcWireHex }) => {
    const wire = new Uint8Array(4)
    new DataView(wire.buffer).setUint32(0, crc32c(hex(data)), true)
    expect(asHex(wire)).toBe(crcWireHex)
    expect(decodePacket(hex(data + crcWireHex))).not.toBeNull()
  })

  it('agrees with the check value of the catalogues', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283)
  })
})

describe('the recorded session', () => {
  const { session } = vectors
  const messages = session.packets.map((packet) => ({ ...packet, message: messageOf(packet.hex) }))
  const find = (type: string, ssrc: string): Uint8Array =>
    messages.find((each) => each.type === type && each.ssrc === ssrc)?.message ?? new Uint8Array(0)
  const { initiator, responder } = session
  const chain = (ssrc: string): readonly Uint8Array[] => (session.hashChains[ssrc] ?? []).map(hex)
  const [, , h2i = none, h3i = none] = chain(initiator)
  const [h0r = none, h1r = none, h2r = none] = chain(responder)
  const [h0i = none, h1i = none] = chain(initiator)

  it.each(session.packets)('$type of $ssrc survives being read and written', ({ type, seq, ssrc, hex: text }) => {
    const packet = decodePacket(hex(text))
    expect(isZrtp(hex(text))).toBe(true)
    expect(packet?.sequenceNumber).toBe(seq)
    expect(packet?.ssrc.toString(16)).toBe(ssrc)
    expect(typeOf(packet?.message ?? none)?.trim()).toBe(type)
    expect(packet && asHex(encodePacket(packet))).toBe(text)
  })

  it('has the hash chains of its preimages', () => {
    for (const ssrc of [initiator, responder]) {
      const { h0, h1, h2, h3 } = hashChainOf(chain(ssrc)[0] ?? none)
      expect([h0, h1, h2, h3].map(asHex)).toEqual(session.hashChains[ssrc])
    }
    expect(isPreimage(h2i, h3i, 1)).toBe(true)
    expect(isPreimage(h1i, h3i, 1)).toBe(false)
    expect(isPreimage(h0i, h3i, 3)).toBe(true)
  })

  it('has its Hellos: fields, MAC, hash in the signalling', () => {
    for (const [ssrc, h2] of [
      [initiator, h2i],
      [responder, h2r],
    ] as const) {
      const message = find('Hello', ssrc)
      const hello = decodeHello(message)
      expect(hello?.clientId).toBe('LINPHONE-ZRTPCPP')
      expect(asHex(hello?.h3)).toBe(session.hashChains[ssrc]?.[3])
      expect(hasImplicitMac(h2, message)).toBe(true)
      expect(helloHashOf(message)).toBe(`1.10 ${session.helloHash[ssrc]}`)
      expect(hello && asHex(encodeHello(hello, h2))).toBe(asHex(message))
    }
  })

  it('has its Commit, bound to DHPart2 and the responder’s Hello', () => {
    const message = find('Commit', initiator)
    const commit = decodeCommit(message)
    expect(commit).toMatchObject({ hash: 'S256', cipher: 'AES1', authTag: 'HS32', keyAgreement: 'DH3k' })
    expect(commit && isPreimage(commit.h2, h3i, 1)).toBe(true)
    expect(hasImplicitMac(h1i, message)).toBe(true)
    const hvi = hashOf('S256', find('DHPart2', initiator), find('Hello', responder))
    expect(commit?.binding.mode === 'dh' && asHex(commit.binding.hvi)).toBe(asHex(hvi))
    expect(asHex(hvi)).toBe(session.hvi)
    expect(commit && asHex(encodeCommit(commit, h1i))).toBe(asHex(message))
  })

  it.each([
    ['DHPart1 ', responder, h0r, h1r],
    ['DHPart2 ', initiator, h0i, h1i],
  ] as const)('has its %s', (type, ssrc, h0, h1) => {
    const message = find(type.trim(), ssrc)
    const part = decodeDhPart(message, 384)
    expect(asHex(part?.h1)).toBe(asHex(h1))
    expect(hasImplicitMac(h0, message)).toBe(true)
    expect(part && asHex(encodeDhPart(type, part, h0))).toBe(asHex(message))
  })

  it.each([
    ['Confirm1', responder, [session.mackeyr, session.zrtpkeyr], h0r],
    ['Confirm2', initiator, [session.mackeyi, session.zrtpkeyi], h0i],
  ] as const)('has its %s under the derived keys', (type, ssrc, [mackey, zrtpkey], h0) => {
    const keys: ConfirmKeys = { hash: 'S256', mackey: hex(mackey), zrtpkey: hex(zrtpkey) }
    const message = find(type, ssrc)
    const confirm = openConfirm(message, keys)
    expect(asHex(confirm?.h0)).toBe(asHex(h0))
    expect(confirm && asHex(sealConfirm(type, confirm, keys, message.subarray(20, 36)))).toBe(asHex(message))
    const forged = message.slice()
    forged[40] = (forged[40] ?? 0) ^ 1
    expect(openConfirm(forged, keys)).toBeNull()
  })
})

describe('zrtp-hash', () => {
  it('is that of another implementation’s Hello', () => {
    const { hex: text, helloHash } = vectors.helloFromZrtpcpp
    expect(helloHashOf(messageOf(text))).toBe(`1.10 ${helloHash}`)
    expect(readHelloHash(`1.10 ${helloHash.toUpperCase()}`)).toBe(helloHash)
  })

  it('reads no other version and no other length', () => {
    const digest = 'ab'.repeat(32)
    expect(readHelloHash(`2.00 ${digest}`)).toBeNull()
    expect(readHelloHash(`1.10 ${digest}00`)).toBeNull()
    expect(readHelloHash('1.10')).toBeNull()
    expect(readHelloHash(`1.1a ${digest}`)).toBe(digest)
  })
})

describe('short authentication strings', () => {
  const cases = (load('zbase32.json') as { cases: readonly { bits: number; hex: string; zbase32: string }[] }).cases

  it.each(cases.filter(({ bits }) => bits === 20))('$zbase32', ({ hex: text, zbase32 }) => {
    expect(base32(hex(text))).toBe(zbase32)
  })

  it('has every character of the alphabet at every place', () => {
    for (let value = 0; value < 32; value += 1) {
      const bits = (value << 15) | (value << 10) | (value << 5) | value
      const text = base32(Uint8Array.of(bits >>> 12, (bits >>> 4) & 0xff, (bits & 15) << 4))
      expect(text).toBe(
        (cases.find((each) => each.bits === 20) && 'ybndrfg8ejkmcpqxot1uwisza345h769'[value])?.repeat(4),
      )
    }
  })

  it('has the words of the PGP word list', () => {
    const list = load('pgp-word-list.json') as { readonly even: readonly string[]; readonly odd: readonly string[] }
    for (let byte = 0; byte < 256; byte += 1)
      expect(pgpWords(Uint8Array.of(byte, byte))).toEqual([list.even[byte], list.odd[byte]])
  })
})

describe('cipher feedback', () => {
  // NIST SP 800-38A, F.3.13 and F.3.17.
  const plain = hex(
    '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
  )
  const iv = hex('000102030405060708090a0b0c0d0e0f')

  it.each([
    [
      '2b7e151628aed2a6abf7158809cf4f3c',
      '3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b26751f67a3cbb140b1808cf187a4f4dfc04b05357c5d1c0eeac4c66f9ff7f2e6',
    ],
    [
      '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
      'dc7e84bfda79164b7ecd8486985d386039ffed143b28b1c832113c6331e5407bdf10132415e54b92a13ed0a8267ae2f975a385741ab9cef82031623d55b1e471',
    ],
  ])('is that of SP 800-38A under %s', (key, encrypted) => {
    expect(asHex(encryptCfb(hex(key), iv, plain))).toBe(encrypted)
    expect(asHex(decryptCfb(hex(key), iv, hex(encrypted)))).toBe(asHex(plain))
  })

  it.each([16, 32])('is that of node:crypto for every length, key of %i bytes', (keyBytes) => {
    const key = createHmac('sha512', 'key').digest().subarray(0, keyBytes)
    for (let length = 0; length <= 64; length += 1) {
      const cipher = createCipheriv(`aes-${keyBytes * 8}-cfb`, key, iv)
      const theirs = Buffer.concat([cipher.update(plain.subarray(0, length)), cipher.final()])
      const ours = encryptCfb(key, iv, plain.subarray(0, length))
      expect(asHex(ours)).toBe(asHex(theirs))
      expect(asHex(decryptCfb(key, iv, ours))).toBe(asHex(plain.subarray(0, length)))
    }
  })
})

const none = new Uint8Array(0)

function messageOf(packet: string): Uint8Array {
  return decodePacket(hex(packet))?.message ?? none
}
