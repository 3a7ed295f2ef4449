/** What both directions share: a master key turned into transforms, and the reasons to refuse a packet. */
import { wipe } from '#shared/bytes/bytes.ts'
import { CounterModeTransform } from './cm-transform.ts'
import { GaloisModeTransform } from './gcm-transform.ts'
import { deriveSessionKeys } from './key-derivation.ts'
import type { ProtectionProfile } from './profiles.ts'
import type { PacketTransform } from './transform.ts'

/** The key material of one direction; copied, stays the caller's to wipe. */
export interface MasterKey {
  readonly profile: ProtectionProfile
  readonly key: Uint8Array
  readonly salt: Uint8Array
  /** Master key identifier in every packet (RFC 3711 §3.1); absent where none was negotiated. */
  readonly mki?: Uint8Array
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
  return { rtp: transformOf(master, 'rtp'), rtcp: transformOf(master, 'rtcp') }
}

function transformOf(master: MasterKey, of: 'rtp' | 'rtcp'): PacketTransform {
  const { profile } = master
  const mki = Uint8Array.from(master.mki ?? [])
  const keys = deriveSessionKeys(profile, master, of)
  const transform =
    profile.cipher === 'cm' ? new CounterModeTransform(profile, keys, mki) : new GaloisModeTransform(profile, keys, mki)
  // The cipher objects hold copies; the salt is needed for every packet.
  wipe(keys.encryption, keys.authentication)
  return transform
}
