/** The cryptography that checking what others signed needs, injected so that every process brings its own. */
export interface VerifierPort {
  /** SHA-256. */
  hash(bytes: Uint8Array): Uint8Array
  /** Ed25519 (RFC 8032); false also for a key that is none. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}
