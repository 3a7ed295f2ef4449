/**
 * Memory for keys. V8 keeps arrays of up to 64 bytes inside its heap and moves them about, which leaves copies behind that
 * nobody can wipe; what has a buffer of its own stays where it is.
 */

/** Zeroed memory for a secret, outside the garbage-collected heap; its owner wipes it. */
export function newSecret(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(length))
}

/** A copy of a secret in memory of its own; its owner wipes it. */
export function secretOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const secret = newSecret(bytes.length)
  secret.set(bytes)
  return secret
}

/** A copy of a secret that threads share: handed from one to another it is never copied, and whoever wipes it wipes it for all. */
export function sharedSecretOf(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const secret = new Uint8Array(new SharedArrayBuffer(bytes.length))
  secret.set(bytes)
  return secret
}
