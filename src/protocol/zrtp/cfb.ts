/**
 * AES in cipher feedback mode over whole blocks, the last one cut (RFC 6189 §5.7). Built on the bare block cipher, which every
 * host has: three blocks for each Confirm do not ask for speed.
 */
import { createCipheriv } from 'node:crypto'

const blockBytes = 16

export function encryptCfb(key: Uint8Array, iv: Uint8Array, plain: Uint8Array): Uint8Array {
  return applyCfb(key, iv, plain, (_, out) => out)
}

export function decryptCfb(key: Uint8Array, iv: Uint8Array, encrypted: Uint8Array): Uint8Array {
  return applyCfb(key, iv, encrypted, (block) => block)
}

/** `feedback` picks the encrypted one of (input block, output block). */
function applyCfb(
  key: Uint8Array,
  iv: Uint8Array,
  input: Uint8Array,
  feedback: (block: Uint8Array, out: Uint8Array) => Uint8Array,
): Uint8Array {
  const cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null)
  cipher.setAutoPadding(false)
  const output = new Uint8Array(input.length)
  let previous = iv
  for (let at = 0; at < input.length; at += blockBytes) {
    const block = input.subarray(at, at + blockBytes)
    const out = output.subarray(at, at + blockBytes)
    const mask = cipher.update(previous)
    for (let index = 0; index < block.length; index += 1) out[index] = (block[index] ?? 0) ^ (mask[index] ?? 0)
    previous = feedback(block, out)
  }
  return output
}
