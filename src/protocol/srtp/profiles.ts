/** Protection profiles (RFC 3711, 6188, 7714) under their SDES names (RFC 4568, 6188, 7714 §14.2). */

export interface ProtectionProfile {
  readonly name: ProfileName | 'NULL_HMAC_SHA1_80'
  readonly cipher: 'cm' | 'gcm' | 'null'
  /** Of the master key and the session encryption key, bytes. */
  readonly keyBytes: 16 | 24 | 32
  /** Of the master salt and the session salt, bytes. */
  readonly saltBytes: 12 | 14
  /** Of the authentication tag of RTP and of RTCP, bytes; they differ only for the short tags of RFC 3711. */
  readonly rtpTagBytes: 4 | 10 | 16
  readonly rtcpTagBytes: 10 | 16
}

export type ProfileName =
  | 'AES_CM_128_HMAC_SHA1_80'
  | 'AES_CM_128_HMAC_SHA1_32'
  | 'AES_192_CM_HMAC_SHA1_80'
  | 'AES_192_CM_HMAC_SHA1_32'
  | 'AES_256_CM_HMAC_SHA1_80'
  | 'AES_256_CM_HMAC_SHA1_32'
  | 'AEAD_AES_128_GCM'
  | 'AEAD_AES_256_GCM'

/** Bytes of the HMAC-SHA1 session key (RFC 3711 §8.2). */
export const authenticationKeyBytes = 20

function counterMode(name: ProfileName, keyBytes: 16 | 24 | 32, rtpTagBytes: 4 | 10): ProtectionProfile {
  return { name, cipher: 'cm', keyBytes, saltBytes: 14, rtpTagBytes, rtcpTagBytes: 10 }
}

function galoisMode(name: ProfileName, keyBytes: 16 | 32): ProtectionProfile {
  return { name, cipher: 'gcm', keyBytes, saltBytes: 12, rtpTagBytes: 16, rtcpTagBytes: 16 }
}

/** Every profile that may be negotiated, by name. */
export const profiles: Readonly<Record<ProfileName, ProtectionProfile>> = {
  AES_CM_128_HMAC_SHA1_80: counterMode('AES_CM_128_HMAC_SHA1_80', 16, 10),
  AES_CM_128_HMAC_SHA1_32: counterMode('AES_CM_128_HMAC_SHA1_32', 16, 4),
  AES_192_CM_HMAC_SHA1_80: counterMode('AES_192_CM_HMAC_SHA1_80', 24, 10),
  AES_192_CM_HMAC_SHA1_32: counterMode('AES_192_CM_HMAC_SHA1_32', 24, 4),
  AES_256_CM_HMAC_SHA1_80: counterMode('AES_256_CM_HMAC_SHA1_80', 32, 10),
  AES_256_CM_HMAC_SHA1_32: counterMode('AES_256_CM_HMAC_SHA1_32', 32, 4),
  AEAD_AES_128_GCM: galoisMode('AEAD_AES_128_GCM', 16),
  AEAD_AES_256_GCM: galoisMode('AEAD_AES_256_GCM', 32),
}

/** Authentication alone (RFC 3711 §4.1.3), which RFC 3711 §5 wants implemented. Not one of {@link profiles}: nobody is offered it. */
export const nullProfile: ProtectionProfile = {
  ...counterMode('AES_CM_128_HMAC_SHA1_80', 16, 10),
  name: 'NULL_HMAC_SHA1_80',
  cipher: 'null',
}
