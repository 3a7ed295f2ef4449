import { createHash, createHmac, createPublicKey, verify, type KeyObject } from 'node:crypto'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import type { VerifierPort } from '#shared/ports/verifier.ts'

/** What deciding who may talk to the replica needs of cryptography. */
export interface AccessCrypto extends VerifierPort {
  /** HMAC-SHA-256 (RFC 2104). */
  mac(key: Uint8Array, message: Uint8Array): Uint8Array
}

const keyBytes = 32
const signatureBytes = 64

/** On node:crypto. */
export const nodeCrypto: AccessCrypto = {
  hash: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  mac: (key, message) => new Uint8Array(createHmac('sha256', key).update(message).digest()),
  verify(publicKey, message, signature) {
    if (publicKey.length !== keyBytes || signature.length !== signatureBytes) return false
    try {
      return verify(null, message, importEd25519(publicKey), signature)
    } catch {
      return false
    }
  },
}

/** RFC 8037 §2. */
function importEd25519(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(raw) }, format: 'jwk' })
}
