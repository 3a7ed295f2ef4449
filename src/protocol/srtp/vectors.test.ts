import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { GaloisModeTransform } from './gcm-transform.ts'
import { deriveKey, deriveSessionKeys, type SessionKeys } from './key-derivation.ts'
import { Keystream } from './keystream.ts'
import { nullProfile, profiles, type ProfileName, type ProtectionProfile } from './profiles.ts'
import { SrtpReceiver } from './receiver.ts'
import { SrtpSender } from './sender.ts'
import { transformsOf, type MasterKey } from './session.ts'

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
const profileNamed = (name: string): ProtectionProfile =>
  name === nullProfile.name ? nullProfile : profiles[name as ProfileName]

/** What was negotiated about header extensions; the elements of libsrtp's two packets are 1, 3 and 4. */
function headersOf({ cryptex, encryptedExtIds }: PacketVector): Pick<MasterKey, 'headers'> {
  if (cryptex === true) return { headers: { kind: 'cryptex' } }
  return encryptedExtIds === undefined ? {} : { headers: { kind: 'elements', ids: new Set([1, 3, 4]) } }
}

/** Every copy of `bytes` with one bit changed. */
function flips(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: 8 * bytes.length }, (_, bit) => {
    const [copy, at] = [Uint8Array.from(bytes), bit >> 3]
    copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7))
    return copy
  })
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
  it('are all here', () => {
    expect(packets).toHaveLength(24)
  })

  // The tag covers every byte, and what it does not cover, the MKI, must be the own one: no bit may change unnoticed.
  it.each(packets)('$id', (vector) => {
    const profile = profileNamed(vector.profile)
    const mki = hex(vector.mki ?? '')
    // One vector prints a salt of 14 bytes for GCM, of which libsrtp takes 12.
    const salt = hex(vector.masterSalt).subarray(0, profile.saltBytes)
    const master = { profile, key: hex(vector.masterKey), salt, mki, ...headersOf(vector) }
    const [plain, sealed] = [hex(vector.plain), hex(vector.protected)]
    const receiver = new SrtpReceiver(master)
    const receive = (packet: Uint8Array) =>
      vector.type === 'srtp' ? receiver.unprotectRtp(packet) : receiver.unprotectRtcp(packet)
    for (const flipped of flips(sealed)) expect(typeof receive(flipped)).toBe('string')
    for (let end = 0; end < sealed.length; end += 1) expect(typeof receive(sealed.subarray(0, end))).toBe('string')
    expect(asHex(receive(sealed))).toBe(vector.plain)
    expect(receive(sealed)).toBe('replayed')
    if (vector.type === 'srtp') {
      expect(asHex(new SrtpSender(master).protectRtp(plain))).toBe(vector.protected)
      return
    }
    const place = { ssrc: plain.readUInt32BE(4), index: vector.srtcpIndex ?? 0 }
    expect(asHex(transformsOf(master).rtcp.protectRtcp(plain, place))).toBe(vector.protected)
  })
})
