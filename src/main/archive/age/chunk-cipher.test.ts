import { describe, expect, it } from 'vitest'
import { systemRandom } from '#main/platform/system-random.ts'
import { nodeCipher, portableCipher } from './chunk-cipher.ts'
import { chunkNonce } from './payload.ts'

describe('the two ciphers', () => {
  const key = systemRandom.bytes(32)
  const [fast, portable] = [nodeCipher(key), portableCipher(key)]

  it.each([0, 1, 63, 64, 65, 1000, 65_536])('seal %i bytes alike and open each other', (length) => {
    const plain = systemRandom.bytes(length)
    const nonce = chunkNonce(7, length % 2 === 0)
    const sealed = Uint8Array.from(fast.seal(nonce, plain))
    expect(Uint8Array.from(portable.seal(nonce, plain))).toEqual(sealed)
    expect(Buffer.from(portable.open(nonce, sealed)!).equals(plain)).toBe(true)
    expect(Buffer.from(fast.open(nonce, sealed)!).equals(plain)).toBe(true)
  })

  it('refuse what was changed', () => {
    const nonce = chunkNonce(0, true)
    const sealed = Uint8Array.from(fast.seal(nonce, systemRandom.bytes(100)))
    for (const cipher of [fast, portable]) {
      for (let at = 0; at < sealed.length; at++) {
        const changed = Uint8Array.from(sealed)
        changed[at]! ^= 1
        expect(cipher.open(nonce, changed)).toBeNull()
      }
      expect(cipher.open(nonce, sealed.subarray(0, 10))).toBeNull()
      expect(cipher.open(chunkNonce(0, false), sealed)).toBeNull()
      expect(cipher.open(chunkNonce(1, true), sealed)).toBeNull()
    }
  })
})
