/** Crypto suites of SDES by their registered names, with the lengths of key and salt (RFC 4568 §6.2, RFC 6188 §4, RFC 7714 §14.2). */
const suites = {
  AES_CM_128_HMAC_SHA1_80: { keyBytes: 16, saltBytes: 14 },
  AES_CM_128_HMAC_SHA1_32: { keyBytes: 16, saltBytes: 14 },
  AES_192_CM_HMAC_SHA1_80: { keyBytes: 24, saltBytes: 14 },
  AES_192_CM_HMAC_SHA1_32: { keyBytes: 24, saltBytes: 14 },
  AES_256_CM_HMAC_SHA1_80: { keyBytes: 32, saltBytes: 14 },
  AES_256_CM_HMAC_SHA1_32: { keyBytes: 32, saltBytes: 14 },
  AEAD_AES_128_GCM: { keyBytes: 16, saltBytes: 12 },
  AEAD_AES_256_GCM: { keyBytes: 32, saltBytes: 12 },
} as const

export type SdpSuite = keyof typeof suites

/** Null for a suite that is not ours. */
export function suiteOf(
  name: string,
): { readonly name: SdpSuite; readonly keyBytes: number; readonly saltBytes: number } | null {
  return Object.hasOwn(suites, name) ? { name: name as SdpSuite, ...suites[name as SdpSuite] } : null
}
