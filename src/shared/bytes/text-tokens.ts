/** Reads text of CBOR as it was written: the library drops a byte order mark (U+FEFF) that text begins with. */
import { Tokenizer, Type, type DecodeOptions, type Token } from 'cborg'

const byteOrderMark = [0xef, 0xbb, 0xbf] as const
/** Bytes before those of a text, by the low five bits of its first one; fewer than 24 are the length itself. */
const headBytes: Readonly<Record<number, number>> = { 24: 2, 25: 3, 26: 5, 27: 9 }

/** For one `decode`. */
export class TextTokens extends Tokenizer {
  constructor(bytes: Uint8Array, options: DecodeOptions) {
    // Parts of a Buffer would share its memory.
    super(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), options)
  }

  override next(): Token {
    const from = this.pos()
    const token = super.next()
    if (token.type === Type.string && this.#hasMark(from)) token.value = `\u{FEFF}${String(token.value)}`
    return token
  }

  #hasMark(from: number): boolean {
    const at = from + (headBytes[(this.data[from] ?? 0) & 31] ?? 1)
    return at + byteOrderMark.length <= this.pos() && byteOrderMark.every((byte, i) => this.data[at + i] === byte)
  }
}
