/** What both directions share: a master key turned into transforms, and the reasons to refuse a packet. */
import { wipe } from '#shared/bytes/bytes.ts'
import { CounterModeTransform } from './cm-transform.ts'
import { GaloisModeTransform } from './gcm-transform.ts'
import { CryptexCipher, CryptexTransform } from './cryptex.ts'
import { HeaderEncryptionTransform } from './header-encryption.ts'
import { deriveHeaderKeys, deriveSessionKeys, type SessionKeys } from './key-derivation.ts'
import { Keystream } from './keystream.ts'
import type { ProtectionProfile } from './profiles.ts'
import type { PacketCipher, PacketTransform } from './transform.ts'

/**
 * How header extensions are encrypted, where that was negotiated: all of them together with the CSRCs (RFC 9335), or the elements
 * of these identifiers (RFC 6904).
 */
export type HeaderProtection =
  { readonly kind: 'cryptex' } | { readonly kind: 'elements'; readonly ids: ReadonlySet<number> }

/** The key material of one direction; copied, stays the caller's to wipe. */
export interface MasterKey {
  readonly profile: ProtectionProfile
  readonly key: Uint8Array
  readonly salt: Uint8Array
  /** Master key identifier in every packet (RFC 3711 §3.1); absent where none was negotiated. */
  readonly mki?: Uint8Array
  readonly headers?: HeaderProtection
  /** SRTP packets, and SRTCP packets, it may protect (RFC 4568 §6.1); absent where only the bounds of RFC 3711 §9.2 apply. */
  readonly lifetime?: number
}

/**
 * Why a packet is not passed on: no packet of its kind · another key's MKI · a wrong tag · seen before · later than the replay
 * window reaches · the master key has protected all it may (RFC 3711 §9.2) · more senders than anybody has.
 */
export type SrtpRefusal =
  'malformed' | 'unknown-key' | 'forged' | 'replayed' | 'too-old' | 'key-used-up' | 'too-many-streams'

/** Senders of one direction at most. */
export const maxStreams = 64
/** SRTCP indexes are below this (RFC 3711 §9.2). */
export const endOfRtcpIndexes = 2 ** 31

/** The transforms of a master key. @throws RangeError when key or salt do not fit the profile. */
export function transformsOf(master: MasterKey): { readonly rtp: PacketTransform; readonly rtcp: PacketTransform } {
  const rtp = transformOf(master, 'rtp')
  const { headers } = master
  if (headers === undefined) return { rtp, rtcp: transformOf(master, 'rtcp') }
  return { rtp: withHeaders(rtp, master, headers), rtcp: transformOf(master, 'rtcp') }
}

function transformOf(master: MasterKey, of: 'rtp' | 'rtcp'): PacketTransform {
  const { profile } = master
  const mki = Uint8Array.from(master.mki ?? [])
  const keys = deriveSessionKeys(profile, master, of)
  const cryptex = of === 'rtp' && master.headers?.kind === 'cryptex'
  const transform =
    profile.cipher === 'gcm'
      ? new GaloisModeTransform(profile, keys, mki)
      : new CounterModeTransform(profile, keys.authentication, mki, cipherOf(profile, keys, cryptex))
  // The cipher objects hold copies; the salt is needed for every packet.
  wipe(keys.encryption, keys.authentication)
  return transform
}

function cipherOf(profile: ProtectionProfile, keys: SessionKeys, cryptex: boolean): PacketCipher | null {
  if (profile.cipher === 'null') return null
  const keystream = new Keystream(keys.encryption, keys.salt)
  return cryptex ? new CryptexCipher(keystream) : keystream
}

function withHeaders(inner: PacketTransform, master: MasterKey, headers: HeaderProtection): PacketTransform {
  const { cipher } = master.profile
  // Without a cipher there is no keystream for headers either (RFC 6904 §3.2).
  if (cipher === 'null') return inner
  if (headers.kind === 'cryptex') return new CryptexTransform(inner, cipher)
  const keys = deriveHeaderKeys(master.profile, master)
  const keystream = new Keystream(keys.encryption, keys.salt)
  wipe(keys.encryption)
  return new HeaderEncryptionTransform(inner, keystream, headers.ids)
}
