/** X25519 (RFC 7748) with public value and result as libbzrtp sends them: 32 bytes, low byte first. */
import { createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto'
import { concatBytes, equalBytes, wipe } from '#shared/bytes/bytes.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { KeyPair } from './key-agreement.ts'

const keyBytes = 32
/** DER in front of the 32 bytes of a PKCS #8 private key and of a SubjectPublicKeyInfo (RFC 8410). */
const privatePrefix = Uint8Array.from(Buffer.from('302e020100300506032b656e04220420', 'hex'))
const publicPrefix = Uint8Array.from(Buffer.from('302a300506032b656e032100', 'hex'))
const nothing = new Uint8Array(keyBytes)

export function newX25519Pair(random: RandomPort): KeyPair {
  const secret = random.bytes(keyBytes)
  const der = concatBytes(privatePrefix, secret)
  const privateKey = createPrivateKey({ key: Buffer.from(der.buffer), format: 'der', type: 'pkcs8' })
  wipe(secret, der)
  const publicValue = new Uint8Array(
    createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-keyBytes),
  )
  return {
    publicValue,
    agree: (peer) => {
      if (peer.length !== keyBytes) return null
      try {
        const key = Buffer.from(concatBytes(publicPrefix, peer).buffer)
        const result = diffieHellman({ privateKey, publicKey: createPublicKey({ key, format: 'der', type: 'spki' }) })
        const { buffer, byteOffset, length } = result
        return equalBytes(result, nothing) ? null : new Uint8Array(buffer, byteOffset, length)
      } catch {
        // A point of small order: OpenSSL refuses the all-zero result itself.
        return null
      }
    },
  }
}
