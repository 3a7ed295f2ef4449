/** HMAC-SHA1 over packets (RFC 3711 §4.2.1, RFC 2104): the tag of every packet under one key. */
import * as crypto from 'node:crypto'
import { wipe } from '#shared/bytes/bytes.ts'

/** Bytes of one block of SHA-1: the message begins behind a block of key in the workspace. */
export const messageStart = 64
const digestBytes = 20
/** Node.js has it from 20.12 on. */
const hasOneShotHash = typeof (crypto as Partial<typeof crypto>).hash === 'function'
/** Room for the largest packet of an Ethernet with its roll-over count; larger ones make it grow. */
const usualBytes = 1536

/**
 * HMAC by two one-shot hashes over buffers that already hold the padded keys: an HMAC object for each packet costs more than its
 * hashing. The message is built in place, in the workspace, and nothing else is copied.
 */
export class PacketMac {
  readonly #key: crypto.KeyObject
  readonly #innerPad: Uint8Array
  readonly #outer = Buffer.alloc(messageStart + digestBytes)
  readonly #byHashes: boolean
  #workspace: Buffer

  /** `byHashes`: by the one-shot hash, where the runtime has it. */
  constructor(key: Uint8Array, byHashes: boolean = hasOneShotHash) {
    this.#byHashes = byHashes
    this.#key = crypto.createSecretKey(key)
    this.#innerPad = padded(key, 0x36)
    this.#outer.set(padded(key, 0x5c))
    this.#workspace = this.#newWorkspace(usualBytes)
  }

  /** The workspace, with room for a message of `bytes` from {@link messageStart} on; the same one until a larger is needed. */
  roomFor(bytes: number): Buffer {
    if (messageStart + bytes > this.#workspace.length) {
      wipe(this.#workspace)
      this.#workspace = this.#newWorkspace(bytes)
    }
    return this.#workspace
  }

  /** Overwrites the padded keys and the last message. */
  close(): void {
    wipe(this.#innerPad, this.#outer, this.#workspace)
  }

  /** Tag of the message of `bytes` in the workspace: a character for each of its 20 bytes. */
  tag(bytes: number): string {
    const whole = this.#workspace.subarray(0, messageStart + bytes)
    if (!this.#byHashes)
      return crypto.createHmac('sha1', this.#key).update(whole.subarray(messageStart)).digest('binary')
    // Strings, because a digest as bytes takes twice as long: each is an array with memory of its own.
    writeTag(crypto.hash('sha1', whole, 'binary'), this.#outer, messageStart, digestBytes)
    return crypto.hash('sha1', this.#outer, 'binary')
  }

  #newWorkspace(bytes: number): Buffer {
    const workspace = Buffer.from(new ArrayBuffer(messageStart + bytes))
    workspace.set(this.#innerPad)
    return workspace
  }
}

/** Writes the first `bytes` of a tag. */
export function writeTag(tag: string, out: Uint8Array, at: number, bytes: number): void {
  for (let offset = 0; offset < bytes; offset += 1) out[at + offset] = tag.charCodeAt(offset)
}

/** Whether `packet` ends with the first `bytes` of `tag`; takes the same time wherever it differs. */
export function endsWithTag(packet: Uint8Array, tag: string, bytes: number): boolean {
  const at = packet.length - bytes
  let difference = 0
  for (let offset = 0; offset < bytes; offset += 1) difference |= (packet[at + offset] ?? 0) ^ tag.charCodeAt(offset)
  return difference === 0
}

function padded(key: Uint8Array, pad: number): Uint8Array {
  const block = new Uint8Array(messageStart)
  block.set(key)
  for (let at = 0; at < messageStart; at += 1) block[at] = (block[at] ?? 0) ^ pad
  return block
}
