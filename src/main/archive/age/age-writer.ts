/** Writes the payload of an age file chunk by chunk. */
import type { FileHandle } from 'node:fs/promises'
import type { RandomPort } from '#shared/ports/random.ts'
import type { ChunkCipher } from './chunk-cipher.ts'
import { chunkBytes, chunkNonce, payloadCipher, payloadNonceBytes, sealedChunkBytes } from './payload.ts'

/** Sealed chunks gathered for one write. */
const chunksPerWrite = 16

export interface AgeWriterOptions {
  readonly handle: Pick<FileHandle, 'writeFile'>
  readonly header: Uint8Array
  readonly fileKey: Uint8Array
  readonly random: RandomPort
}

export class AgeWriter {
  readonly #handle: AgeWriterOptions['handle']
  readonly #cipher: ChunkCipher
  readonly #plain = new Uint8Array(chunkBytes)
  readonly #sealed = new Uint8Array(chunksPerWrite * sealedChunkBytes)
  #filled = 0
  #gathered = 0
  #index = 0
  #start: Uint8Array | null

  constructor({ handle, header, fileKey, random }: AgeWriterOptions) {
    this.#handle = handle
    const nonce = random.bytes(payloadNonceBytes)
    this.#cipher = payloadCipher(fileKey, nonce)
    this.#start = Buffer.concat([header, nonce])
  }

  /** Adds plain bytes; resolves when they are sealed or handed to the disk. */
  async write(bytes: Uint8Array): Promise<void> {
    let rest = bytes
    while (rest.length > 0) {
      // A full chunk waits: only what follows says that it is not the last.
      if (this.#filled === chunkBytes) await this.#seal(false)
      const part = rest.subarray(0, chunkBytes - this.#filled)
      this.#plain.set(part, this.#filled)
      this.#filled += part.length
      rest = rest.subarray(part.length)
    }
  }

  /** Seals the last chunk and hands everything to the disk; does not sync. */
  async finish(): Promise<void> {
    await this.#seal(true)
    await this.#flush()
    this.#plain.fill(0)
  }

  async #seal(last: boolean): Promise<void> {
    const sealed = this.#cipher.seal(chunkNonce(this.#index++, last), this.#plain.subarray(0, this.#filled))
    this.#sealed.set(sealed, this.#gathered)
    this.#gathered += sealed.length
    this.#filled = 0
    if (this.#gathered === this.#sealed.length) await this.#flush()
  }

  async #flush(): Promise<void> {
    if (this.#start !== null) await this.#handle.writeFile(this.#start)
    this.#start = null
    await this.#handle.writeFile(this.#sealed.subarray(0, this.#gathered))
    this.#gathered = 0
  }
}
