/** Tells of CBOR, while it is read, whether it is in the one form that a value has (RFC 8949 §4.2.1). */
import { encode, rfc8949EncodeOptions, Type, type Token } from 'cborg'
import { compareBytes, equalBytes } from './bytes.ts'
import { TextTokens } from './text-tokens.ts'

/** How lengths and numbers are read: in their shortest form alone. */
export const strictNumbers = {
  ...{ allowIndefinite: false, allowUndefined: false, allowInfinity: false, allowNaN: false },
  strict: true,
} as const

/** Lists and maps in each other: far more than anything of ours has, far fewer than a stack holds. */
const mostOpen = 32

/** A list or map that is not read to its end. */
interface Open {
  left: number
  readonly isMap: boolean
  /** The key before, as encoded. */
  key: Uint8Array | null
}

/** One for each `decode`, with {@link strictNumbers} among its options: what they refuse it does not look for again. */
export class CanonicalTokens extends TextTokens {
  #isCanonical = true
  readonly #open: Open[] = []

  /** Whether all that was read encodes to the bytes it was read from. */
  get isCanonical(): boolean {
    return this.#isCanonical
  }

  override next(): Token {
    const from = this.pos()
    const token = super.next()
    const open = this.#open.at(-1)
    if (isAtKey(open) || isVariable(token)) {
      const encoded = this.data.subarray(from, this.pos())
      this.#isCanonical &&= isInOrder(token, encoded, open) && isAsEncoded(token, encoded)
    }
    this.#count(token, open)
    return token
  }

  #count({ type, value }: Token, open: Open | undefined): void {
    if (open !== undefined) open.left -= 1
    if (isList(type)) {
      const isMap = type === Type.map
      this.#open.push({ left: Number(value) * (isMap ? 2 : 1), isMap, key: null })
    }
    // What can be read could otherwise be too deep to be written again.
    if (this.#open.length > mostOpen) throw new RangeError('more in each other than is taken')
    while (this.#open.at(-1)?.left === 0) this.#open.pop()
  }
}

function isAtKey(open: Open | undefined): open is Open {
  return open?.isMap === true && open.left % 2 === 0
}

/** Keys of a map are in the order of their bytes, each once, and none is a list or a map. */
function isInOrder({ type }: Token, encoded: Uint8Array, open: Open | undefined): boolean {
  if (!isAtKey(open)) return true
  const before = open.key
  open.key = encoded
  return !isList(type) && (before === null || compareBytes(before, encoded) < 0)
}

function isList(type: Type): boolean {
  return type === Type.array || type === Type.map
}

/** Text and floats alone can be written in several ways that read the same. */
function isVariable({ type }: Token): boolean {
  return type === Type.string || type === Type.float
}

function isAsEncoded(token: Token, encoded: Uint8Array): boolean {
  if (!isVariable(token) || (token.type === Type.string && isAscii(encoded))) return true
  return equalBytes(encode(token.value, rfc8949EncodeOptions), encoded)
}

function isAscii(bytes: Uint8Array): boolean {
  let at = 0
  while ((bytes[at] ?? 0x80) < 0x80) at += 1
  return at === bytes.length
}
