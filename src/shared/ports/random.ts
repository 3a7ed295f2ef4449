/** Cryptographic randomness, injected so that a simulation can seed it. */
export interface RandomPort {
  /** Fresh buffer of `length` random bytes. */
  bytes(length: number): Uint8Array
}
