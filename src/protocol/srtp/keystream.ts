/** AES in counter mode over packets (RFC 3711 §4.1.1): the keystream of one session key, by packet. */
import { createCipheriv, type Cipheriv } from 'node:crypto'
import { wipe } from '#shared/bytes/bytes.ts'
import type { PacketCipher } from './transform.ts'

const blockBytes = 16
const wordsPerBlock = 4
/** Whether this computer keeps the low byte of a word first. */
const lowFirst = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

/**
 * One cipher object for all packets: counter mode is the block cipher over counters, and a new object for each packet's own
 * initial value would take longer than the packet.
 */
export class Keystream implements PacketCipher {
  readonly #cipher: Cipheriv
  readonly #salt: Uint8Array
  readonly #iv = new Uint8Array(blockBytes)
  readonly #ivWords = new Uint32Array(this.#iv.buffer)
  #counters = new Uint32Array(128 * wordsPerBlock)

  constructor(key: Uint8Array, salt: Uint8Array) {
    this.#cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null)
    this.#cipher.setAutoPadding(false)
    this.#salt = salt
  }

  /**
   * XORs `from` up to `to` of `bytes` in place with the keystream of a packet. A range that starts at a multiple of four of its
   * memory, as payloads behind an aligned header do, goes by words.
   */
  apply(bytes: Uint8Array, range: { readonly from: number; readonly to: number }, ssrc: number, index: number): void {
    const { from, to } = range
    if (to <= from) return
    this.#setIv(ssrc, index)
    const stream = this.#cipher.update(this.#countersFor(to - from))
    const done = from + xorWords(bytes, from, stream, to - from)
    for (let at = done; at < to; at += 1) bytes[at] = (bytes[at] ?? 0) ^ (stream[at - from] ?? 0)
  }

  close(): void {
    wipe(this.#salt, this.#iv)
    this.#counters.fill(0)
  }

  /** `salt · 2^16 XOR ssrc · 2^64 XOR index · 2^16`. */
  #setIv(ssrc: number, index: number): void {
    const iv = this.#iv
    // A salt of 96 bits, as header elements have under GCM, leaves more than the last two bytes free.
    iv.fill(0)
    iv.set(this.#salt)
    mix(iv, 4, ssrc)
    const high = Math.floor(index / 0x100000000)
    iv[8] = (iv[8] ?? 0) ^ (high >>> 8)
    iv[9] = (iv[9] ?? 0) ^ (high & 0xff)
    mix(iv, 10, index % 0x100000000)
  }

  /** The initial value counted up in its last 16 bits, a block for each 16 bytes. */
  #countersFor(length: number): Uint8Array {
    const blocks = Math.ceil(length / blockBytes)
    if (blocks * wordsPerBlock > this.#counters.length) this.#counters = new Uint32Array(blocks * wordsPerBlock)
    const counters = this.#counters
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = this.#ivWords
    for (let block = 0, at = 0; block < blocks; block += 1, at += wordsPerBlock) {
      counters[at] = w0
      counters[at + 1] = w1
      counters[at + 2] = w2
      counters[at + 3] = lowFirst ? w3 | ((block & 0xff) << 24) | ((block >>> 8) << 16) : w3 | block
    }
    return new Uint8Array(counters.buffer, 0, blocks * blockBytes)
  }
}

function mix(iv: Uint8Array, at: number, word: number): void {
  iv[at] = (iv[at] ?? 0) ^ (word >>> 24)
  iv[at + 1] = (iv[at + 1] ?? 0) ^ ((word >>> 16) & 0xff)
  iv[at + 2] = (iv[at + 2] ?? 0) ^ ((word >>> 8) & 0xff)
  iv[at + 3] = (iv[at + 3] ?? 0) ^ (word & 0xff)
}

/** XORs whole words where memory allows it; returns the bytes done. */
function xorWords(bytes: Uint8Array, from: number, stream: Uint8Array, length: number): number {
  const start = bytes.byteOffset + from
  if (((start | stream.byteOffset) & 3) !== 0) return 0
  const count = length >>> 2
  const target = new Uint32Array(bytes.buffer, start, count)
  const source = new Uint32Array(stream.buffer, stream.byteOffset, count)
  for (let at = 0; at < count; at += 1) target[at] = (target[at] ?? 0) ^ (source[at] ?? 0)
  return 4 * count
}
