/** Diffie-Hellman as the stream sees it (RFC 6189 §4.4.1, §5.1.5). */
import type { RandomPort } from '#shared/ports/random.ts'
import type { DhName } from './algorithms.ts'
import { newCurvePair } from './elliptic.ts'
import { newFieldPair } from './finite-field.ts'
import { newX25519Pair } from './x25519.ts'

/** A fresh secret and its public value, for one handshake. */
export interface KeyPair {
  /** As DHPart carries it. */
  readonly publicValue: Uint8Array
  /** The result, as long as the field; null for a public value that must be refused. Never throws. */
  agree(peerPublicValue: Uint8Array): Uint8Array | null
}

/** Makes key pairs; a simulation may count or replace them. */
export interface KeyAgreementPort {
  /** `secretBytes` is for the finite fields: twice the AES key (§5.1.5). */
  newPair(name: DhName, random: RandomPort, secretBytes: number): KeyPair
}

/** `node:crypto` with secrets from the given randomness. */
export const nodeKeyAgreement: KeyAgreementPort = {
  newPair: (name, random, secretBytes) => {
    if (name === 'X255') return newX25519Pair(random)
    if (name === 'DH2k' || name === 'DH3k') return newFieldPair(name, random, secretBytes)
    return newCurvePair(name, random)
  },
}
