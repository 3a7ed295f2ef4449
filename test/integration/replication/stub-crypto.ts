/** Stand-ins for hash, signature and cipher that cost next to nothing: a simulation is about order, loss and crashes. */
import { concatBytes, equalBytes } from '#shared/bytes/bytes.ts'
import type { HeadsSealing } from '#main/replication/heads/heads-ports.ts'
import type { ReplicaCrypto, SealingPort } from '#main/replication/ports.ts'

const words = 8
/** Filled and copied: memory of its own for each hash would cost more than the hash. */
const lanes = new Uint32Array(words)
const laneBytes = new Uint8Array(lanes.buffer)

/** 32 bytes that differ for different bytes, unless somebody looks for two that do not. */
export function stubHash(bytes: Uint8Array, first = 0): Uint8Array {
  let state = 0x811c9dc5 ^ bytes.length ^ first
  let at = 0
  for (; at + 4 <= bytes.length; at += 4) state = Math.imul(state ^ wordAt(bytes, at), 0x01000193) ^ (state >>> 15)
  for (; at < bytes.length; at += 1) state = Math.imul(state ^ (bytes[at] ?? 0), 0x01000193) ^ (state >>> 15)
  for (let lane = 0; lane < words; lane += 1) {
    state = Math.imul(state ^ (state >>> 16), 0x45d9f3b) + lane
    lanes[lane] = state
  }
  return laneBytes.slice()
}

/** Four bytes at once. */
function wordAt(bytes: Uint8Array, at: number): number {
  const front = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
  return front | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
}

/** See `envelope.ts`: whoever opens a body has read its header before. */
function epochIn(header: Uint8Array): number {
  const [a, b, c, d] = [header[25] ?? 0, header[26] ?? 0, header[27] ?? 0, header[28] ?? 0]
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
}

/** A device signs with the bytes that stand for its key. */
export function stubCrypto(key: Uint8Array, random: () => number): ReplicaCrypto {
  const signed = (by: Uint8Array, message: Uint8Array): Uint8Array => {
    const half = stubHash(message, wordAt(by, 0))
    return concatBytes(half, half)
  }
  return {
    hash: (bytes) => stubHash(bytes),
    sign: (message) => signed(key, message),
    verify: (publicKey, message, signature) => equalBytes(signed(publicKey, message), signature),
    random: (length) => {
      const bytes = new Uint8Array(length)
      for (let at = 0; at < length; at += 1) bytes[at] = Math.floor(random() * 256)
      return bytes
    },
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
      if (!epochs.known.has(epochIn(header))) return 'no-key'
      const content = body.subarray(0, body.length - 32)
      return equalBytes(body.subarray(content.length), stubHash(header.subarray(0, 93))) ? content : null
    },
  }
}

/** Heads in clear, with what they were sealed with behind them. */
export function stubHeadsSealing(known: ReadonlySet<number>): HeadsSealing {
  return {
    get epoch() {
      return Math.max(...known)
    },
    sealHeads: (front, content) => concatBytes(content, stubHash(front)),
    openHeads: (epoch, front, sealed) => {
      if (!known.has(epoch)) return 'no-key'
      const content = sealed.subarray(0, sealed.length - 32)
      return equalBytes(sealed.subarray(content.length), stubHash(front)) ? content : null
    },
  }
}
