import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CounterModeTransform } from './cm-transform.ts'
import { GaloisModeTransform } from './gcm-transform.ts'
import { deriveKey, deriveSessionKeys, type SessionKeys } from './key-derivation.ts'
import { Keystream } from './keystream.ts'
import { profiles, type ProfileName, type ProtectionProfile } from './profiles.ts'
import { SrtpReceiver } from './receiver.ts'
import { SrtpSender } from './sender.ts'
import type { PacketTransform } from './transform.ts'

interface PacketVector {
  readonly id: string
  readonly profile: string
  readonly masterKey: string
  readonly masterSalt: string
  readonly type: 'srtp' | 'srtcp'
  readonly plain: string
  readonly protected: string
  readonly mki?: string
  readonly srtcpIndex?: number
  readonly cryptex?: boolean
  readonly encryptedExtIds?: string
}

interface GcmVector {
  readonly profile: ProfileName
  readonly srtcpIndex: number
  readonly srtpSessionKey: string
  readonly srtpSessionSalt: string
  readonly decryptedRTPPacket: string
  readonly encryptedRTPPacket: string
  readonly decryptedRTCPPacket: string
  readonly encryptedRTCPPacket: string
  readonly authenticatedRTCPPacket: string
}

interface RfcVectors {
  readonly rfc3711_B2: {
    readonly sessionKey: string
    readonly sessionSalt: string
    readonly keystreamBlocks: Record<string, string>
  }
  readonly rfc3711_B3: Derivation & { readonly authKey94: string }
  readonly rfc6188_7_1: { readonly sessionKey: string; readonly sessionSalt: string; readonly keystream: string }
  readonly rfc6188_7_2: Derivation & { readonly authKey20: string }
  readonly rfc7714: readonly GcmVector[]
}

interface Derivation {
  readonly masterKey: string
  readonly masterSalt: string
  readonly cipherKey: string
  readonly cipherSalt: string
}

const load = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../test/vectors/srtp/${name}`, import.meta.url), 'utf8'))
const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const asHex = (bytes: unknown): string =>
  bytes instanceof Uint8Array ? Buffer.from(bytes).toString('hex') : String(bytes)

const rfc = load('rfc-vectors.json') as RfcVectors
const packets = load('libsrtp-packets.json') as readonly PacketVector[]
const isKnown = (name: string): name is ProfileName => Object.hasOwn(profiles, name)
/** What is not negotiated here: encryption of header extensions, and no encryption at all. */
const others = packets.filter(
  ({ profile, cryptex, encryptedExtIds }) => cryptex === true || encryptedExtIds !== undefined || !isKnown(profile),
)
const supported = packets.filter((vector) => !others.includes(vector))

/** Every copy of `bytes` with one bit of one byte changed. */
function flips(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte, at) => Uint8Array.from(bytes).fill(byte ^ (1 << (at % 8)), at, at + 1))
}

describe('keys', () => {
  it('counts in counter mode as RFC 3711 B.2', () => {
    const { sessionKey, sessionSalt, keystreamBlocks } = rfc.rfc3711_B2
    const stream = new Uint8Array(16 * 0xff02)
    new Keystream(hex(sessionKey), hex(sessionSalt).subarray(0, 14)).apply(stream, { from: 0, to: stream.length }, 0, 0)
    for (const [block, expected] of Object.entries(keystreamBlocks)) {
      const at = 16 * Number.parseInt(block, 16)
      expect(asHex(stream.subarray(at, at + 16))).toBe(expected)
    }
  })

  it('counts in counter mode as RFC 6188 7.1', () => {
    const { sessionKey, sessionSalt, keystream } = rfc.rfc6188_7_1
    const stream = new Uint8Array(keystream.length / 2)
    new Keystream(hex(sessionKey), hex(sessionSalt).subarray(0, 14)).apply(stream, { from: 0, to: stream.length }, 0, 0)
    expect(asHex(stream)).toBe(keystream)
  })

  it.each([
    ['RFC 3711 B.3', rfc.rfc3711_B3, rfc.rfc3711_B3.authKey94, 'AES_CM_128_HMAC_SHA1_80'],
    ['RFC 6188 7.2', rfc.rfc6188_7_2, rfc.rfc6188_7_2.authKey20, 'AES_256_CM_HMAC_SHA1_80'],
  ] as const)('derives as %s', (_name, vector, authentication, profile) => {
    const master = { key: hex(vector.masterKey), salt: hex(vector.masterSalt) }
    const keys = deriveSessionKeys(profiles[profile], master, 'rtp')
    expect(asHex(keys.encryption)).toBe(vector.cipherKey)
    expect(asHex(keys.salt)).toBe(vector.cipherSalt)
    expect(asHex(deriveKey(master, 1, authentication.length / 2))).toBe(authentication)
    expect(asHex(keys.authentication)).toBe(authentication.slice(0, 40))
  })

  it('refuses keys of another length', () => {
    const master = { key: new Uint8Array(16), salt: new Uint8Array(14) }
    expect(() => deriveSessionKeys(profiles.AES_256_CM_HMAC_SHA1_80, master, 'rtp')).toThrow(RangeError)
    expect(() => deriveSessionKeys(profiles.AEAD_AES_128_GCM, master, 'rtp')).toThrow(RangeError)
  })
})

describe('RFC 7714 §16 and §17', () => {
  it.each(rfc.rfc7714)('$profile', (vector) => {
    const salt = hex(vector.srtpSessionSalt)
    const keys: SessionKeys = { encryption: hex(vector.srtpSessionKey), authentication: new Uint8Array(), salt }
    const transform = new GaloisModeTransform(profiles[vector.profile], keys, new Uint8Array())
    const [plain, sealed] = [hex(vector.decryptedRTPPacket), hex(vector.encryptedRTPPacket)]
    const rtp = { ssrc: plain.readUInt32BE(8), index: plain.readUInt16BE(2) }
    expect(asHex(transform.protectRtp(plain, 12, rtp))).toBe(vector.encryptedRTPPacket)
    expect(asHex(transform.unprotectRtp(sealed, 12, rtp))).toBe(vector.decryptedRTPPacket)
    const compound = hex(vector.decryptedRTCPPacket)
    const rtcp = { ssrc: compound.readUInt32BE(4), index: vector.srtcpIndex }
    expect(asHex(transform.protectRtcp(compound, rtcp))).toBe(vector.encryptedRTCPPacket)
    const open = (packet: string, encrypted: boolean) => transform.unprotectRtcp(hex(packet), { ...rtcp, encrypted })
    expect(asHex(open(vector.encryptedRTCPPacket, true))).toBe(vector.decryptedRTCPPacket)
    expect(asHex(open(vector.authenticatedRTCPPacket, false))).toBe(vector.decryptedRTCPPacket)
    expect(open(vector.encryptedRTCPPacket, false)).toBeNull()
  })
})

describe('packets of libsrtp', () => {
  it('are all here, and what is left out is known', () => {
    expect(packets).toHaveLength(24)
    expect(supported).toHaveLength(8)
  })

  it.each(supported)('$id', (vector) => {
    const profile: ProtectionProfile = profiles[vector.profile as ProfileName]
    const mki = hex(vector.mki ?? '')
    const master = { profile, key: hex(vector.masterKey), salt: hex(vector.masterSalt), mki }
    const [plain, sealed] = [hex(vector.plain), hex(vector.protected)]
    const receive = (packet: Uint8Array) => {
      const receiver = new SrtpReceiver(master)
      return vector.type === 'srtp' ? receiver.unprotectRtp(packet) : receiver.unprotectRtcp(packet)
    }
    expect(asHex(receive(sealed))).toBe(vector.plain)
    for (const flipped of flips(sealed)) expect(typeof receive(flipped)).toBe('string')
    for (let end = 0; end < sealed.length; end += 1) expect(typeof receive(sealed.subarray(0, end))).toBe('string')
    if (vector.type === 'srtp') {
      expect(asHex(new SrtpSender(master).protectRtp(plain))).toBe(vector.protected)
      return
    }
    const keys = deriveSessionKeys(profile, master, 'rtcp')
    const transform: PacketTransform =
      profile.cipher === 'cm'
        ? new CounterModeTransform(profile, keys, mki)
        : new GaloisModeTransform(profile, keys, mki)
    const place = { ssrc: plain.readUInt32BE(4), index: vector.srtcpIndex ?? 0 }
    expect(asHex(transform.protectRtcp(plain, place))).toBe(vector.protected)
  })
})
