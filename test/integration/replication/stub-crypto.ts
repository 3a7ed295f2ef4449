/** Stand-ins for hash, signature and cipher that cost next to nothing: a simulation is about order, loss and crashes. */
import { concatBytes, equalBytes } from '#shared/bytes/bytes.ts'
import { decodeHeader } from '#shared/replication/envelope.ts'
import type { ReplicaCrypto, SealingPort } from '#main/replication/ports.ts'

const words = 8

/** 32 bytes that differ for different bytes, unless somebody looks for two that do not. */
export function stubHash(bytes: Uint8Array): Uint8Array {
  const lanes = new Uint32Array(words)
  let state = 0x811c9dc5 ^ bytes.length
  for (const byte of bytes) state = Math.imul(state ^ byte, 0x01000193) ^ (state >>> 15)
  for (let lane = 0; lane < words; lane += 1) {
    state = Math.imul(state ^ (state >>> 16), 0x45d9f3b) + lane
    lanes[lane] = state
  }
  return new Uint8Array(lanes.buffer)
}

/** A device signs with the bytes that stand for its key. */
export function stubCrypto(key: Uint8Array, random: () => number): ReplicaCrypto {
  const signed = (by: Uint8Array, message: Uint8Array): Uint8Array => {
    const half = stubHash(concatBytes(by, message))
    return concatBytes(half, half)
  }
  return {
    hash: stubHash,
    sign: (message) => signed(key, message),
    verify: (publicKey, message, signature) => equalBytes(signed(publicKey, message), signature),
    random: (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),
  }
}

/** Bodies in clear, with what they were sealed with behind them; a device may lack the key of an epoch for a while. */
export function stubSealing(epochs: { readonly newest: number; readonly known: ReadonlySet<number> }): SealingPort {
  return {
    get epoch() {
      return epochs.newest
    },
    seal: (start, content) => concatBytes(content, stubHash(start)),
    open: (header, body) => {
      if (!epochs.known.has(decodeHeader(header).epoch)) return 'no-key'
      const content = body.subarray(0, body.length - 32)
      return equalBytes(body.subarray(content.length), stubHash(header.subarray(0, 93))) ? content : null
    },
  }
}
