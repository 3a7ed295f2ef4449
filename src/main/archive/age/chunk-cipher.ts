/** ChaCha20-Poly1305 (RFC 8439) of one payload key: the host's own where it has it, else the portable one, ten times slower. */
import { createCipheriv, createDecipheriv, getCiphers } from 'node:crypto'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'

export const tagBytes = 16
const algorithm = 'chacha20-poly1305'
const options = { authTagLength: tagBytes }

/** Seals and opens chunks under one key. */
export interface ChunkCipher {
  /** Ciphertext and tag. */
  seal(nonce: Uint8Array, plain: Uint8Array): Uint8Array
  /** The plain bytes, or null when anything about the chunk was changed. */
  open(nonce: Uint8Array, sealed: Uint8Array): Uint8Array | null
}

/** The fastest cipher of this host; Electron's library has none for node:crypto. */
export function chunkCipher(key: Uint8Array): ChunkCipher {
  return getCiphers().includes(algorithm) ? nodeCipher(key) : portableCipher(key)
}

/** On node:crypto. */
export function nodeCipher(key: Uint8Array): ChunkCipher {
  return {
    seal: (nonce, plain) => {
      const cipher = createCipheriv(algorithm, key, nonce, options)
      return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    },
    open: (nonce, sealed) => {
      if (sealed.length < tagBytes) return null
      const decipher = createDecipheriv(algorithm, key, nonce, options)
      decipher.setAuthTag(sealed.subarray(-tagBytes))
      const plain = decipher.update(sealed.subarray(0, -tagBytes))
      try {
        decipher.final()
        return plain
      } catch {
        return null
      }
    },
  }
}

/** In JavaScript, for hosts without the algorithm. */
export function portableCipher(key: Uint8Array): ChunkCipher {
  return {
    seal: (nonce, plain) => chacha20poly1305(key, nonce).encrypt(plain),
    open: (nonce, sealed) => {
      try {
        return chacha20poly1305(key, nonce).decrypt(sealed)
      } catch {
        return null
      }
    },
  }
}
