import { createHash } from 'node:crypto'
import type { VerifierPort } from '#shared/ports/verifier.ts'
import { verifyEd25519 } from './key-pairs.ts'

/** SHA-256 and Ed25519 of node:crypto. */
export const nodeVerifier: VerifierPort = {
  hash: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  verify: verifyEd25519,
}
