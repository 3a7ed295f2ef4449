/** Walks a tar stream file by file; memory holds no more than a piece of the stream. */
import { blockBytes, decodeTarHeader, paddingOf, tarError, type TarHeader } from './ustar.ts'

/** One file of a walk; `bytes` must be read to its end before the walk goes on. */
export interface TarPart extends TarHeader {
  readonly bytes: AsyncGenerator<Uint8Array>
}

/** Files in their order; the archive must end with two blocks of zeros and nothing but zeros after. @throws ProtocolError `TarErrorCode`. */
export async function* readTar(stream: AsyncGenerator<Uint8Array>): AsyncGenerator<TarPart> {
  const input = new Pieces(stream)
  for (;;) {
    const header = decodeTarHeader(await input.exactly(blockBytes))
    if (header === null) break
    const state = { left: header.size }
    yield { ...header, bytes: contentOf(input, state) }
    if (state.left > 0) throw new Error('broken invariant: a part is read to its end')
    await input.exactly(paddingOf(header.size))
  }
  if ((await input.exactly(blockBytes)).some((byte) => byte !== 0)) throw tarError('tar-malformed', 'end')
  for (let rest = await input.some(blockBytes); rest !== null; rest = await input.some(blockBytes)) {
    if (rest.some((byte) => byte !== 0)) throw tarError('tar-malformed', 'after the end')
  }
}

async function* contentOf(input: Pieces, state: { left: number }): AsyncGenerator<Uint8Array> {
  while (state.left > 0) {
    const piece = await input.some(state.left)
    if (piece === null) throw tarError('tar-truncated')
    state.left -= piece.length
    yield piece
  }
}

/** A stream of pieces, cut as the reader wants them. */
class Pieces {
  readonly #stream: AsyncGenerator<Uint8Array>
  #rest: Uint8Array = new Uint8Array()

  constructor(stream: AsyncGenerator<Uint8Array>) {
    this.#stream = stream
  }

  /** At most `limit` bytes, as many as are at hand; null at the end. */
  async some(limit: number): Promise<Uint8Array | null> {
    while (this.#rest.length === 0) {
      const next = await this.#stream.next()
      if (next.done === true) return null
      this.#rest = next.value
    }
    const piece = this.#rest.subarray(0, limit)
    this.#rest = this.#rest.subarray(piece.length)
    return piece
  }

  /** @throws ProtocolError `tar-truncated` when fewer are left. */
  async exactly(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length)
    let filled = 0
    while (filled < length) {
      const piece = await this.some(length - filled)
      if (piece === null) throw tarError('tar-truncated')
      bytes.set(piece, filled)
      filled += piece.length
    }
    return bytes
  }
}
