/** ECDH over P-256 and P-384: X and Y in the public value, X alone as the result (RFC 6189 §5.1.5). */
import { createECDH, type ECDH } from 'node:crypto'
import { concatBytes, wipe } from '#shared/bytes/bytes.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { KeyPair } from './key-agreement.ts'

const curves = { EC25: { node: 'prime256v1', bytes: 32 }, EC38: { node: 'secp384r1', bytes: 48 } } as const
/** SEC 1: both coordinates follow. */
const uncompressed = Uint8Array.of(4)

export function newCurvePair(name: 'EC25' | 'EC38', random: RandomPort): KeyPair {
  const { node, bytes } = curves[name]
  const ecdh = createECDH(node)
  setSecret(ecdh, random, bytes)
  return {
    publicValue: new Uint8Array(ecdh.getPublicKey().subarray(uncompressed.length)),
    agree: (peer) => {
      if (peer.length !== bytes * 2) return null
      try {
        const { buffer, byteOffset, length } = ecdh.computeSecret(concatBytes(uncompressed, peer))
        return new Uint8Array(buffer, byteOffset, length)
      } catch {
        // Not a point of the curve.
        return null
      }
    },
  }
}

/** A secret below the group's order: of random bytes nearly every one is. */
function setSecret(ecdh: ECDH, random: RandomPort, bytes: number): void {
  for (let attempt = 0; attempt < 64; attempt += 1) {
    const secret = random.bytes(bytes)
    try {
      ecdh.setPrivateKey(secret)
      return
    } catch {
      continue
    } finally {
      wipe(secret)
    }
  }
  throw new Error('the randomness gives no secret of the curve')
}
