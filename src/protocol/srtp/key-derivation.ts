/** Session keys from master key and salt (RFC 3711 §4.3, RFC 6188 §3, RFC 7714 §11); the key derivation rate is 0. */
import { createCipheriv } from 'node:crypto'
import { authenticationKeyBytes, type ProtectionProfile } from './profiles.ts'

/** What one master key gives one direction: of RTP, or of RTCP. */
export interface SessionKeys {
  readonly encryption: Uint8Array
  /** Empty where the cipher authenticates by itself. */
  readonly authentication: Uint8Array
  readonly salt: Uint8Array
}

/** Labels of RFC 3711 §4.3.1 and RFC 6904 §4.3: encryption, authentication, salt of each kind of packet. */
const labels = { rtp: [0, 1, 2], rtcp: [3, 4, 5] } as const
const headerLabels = { key: 6, salt: 7 } as const

/**
 * Derives the session keys for RTP or RTCP.
 * @throws RangeError when key or salt do not fit the profile.
 */
export function deriveSessionKeys(
  profile: ProtectionProfile,
  master: { readonly key: Uint8Array; readonly salt: Uint8Array },
  of: 'rtp' | 'rtcp',
): SessionKeys {
  if (master.key.length !== profile.keyBytes || master.salt.length !== profile.saltBytes)
    throw new RangeError('master key or salt of another length')
  const [encryption, authentication, salt] = labels[of]
  return {
    encryption: deriveKey(master, encryption, profile.keyBytes),
    authentication: deriveKey(master, authentication, profile.cipher === 'gcm' ? 0 : authenticationKeyBytes),
    salt: deriveKey(master, salt, profile.saltBytes),
  }
}

/** Key and salt that encrypt header extension elements (RFC 6904 §4.3). */
export function deriveHeaderKeys(
  profile: ProtectionProfile,
  master: { readonly key: Uint8Array; readonly salt: Uint8Array },
): Pick<SessionKeys, 'encryption' | 'salt'> {
  return {
    encryption: deriveKey(master, headerLabels.key, profile.keyBytes),
    salt: deriveKey(master, headerLabels.salt, profile.saltBytes),
  }
}

/** AES-CM as a pseudorandom function: the keystream under `(salt XOR label · 2^48) · 2^16` (RFC 3711 §4.3.3). */
export function deriveKey(
  { key, salt }: { readonly key: Uint8Array; readonly salt: Uint8Array },
  label: number,
  bytes: number,
): Uint8Array {
  const iv = new Uint8Array(16)
  // A salt of 96 bits stands on the left, as if 16 zero bits followed (RFC 7714 §11).
  iv.set(salt)
  iv[7] = (iv[7] ?? 0) ^ label
  const cipher = createCipheriv(`aes-${key.length * 8}-ctr`, key, iv)
  // The very bytes that the cipher gave: a copy would be one more to wipe.
  return cipher.update(new Uint8Array(bytes))
}
