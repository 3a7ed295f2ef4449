/**
 * D-Bus values on the wire, little endian (D-Bus Specification, "Type System" and "Marshaling"). Numbers are numbers, 64-bit
 * ones bigint; arrays and structs are arrays, `a{…}` an array of pairs, `ay` a Buffer, a variant says its own signature.
 */

/** A value that carries its type. */
export interface Variant {
  readonly signature: string
  readonly value: unknown
}

/** Malformed bytes or a value that does not fit its signature. */
export class DbusError extends Error {
  static override readonly name = 'DbusError'
}

const maxArrayBytes = 1 << 26
const maxDepth = 32

const alignments: Readonly<Record<string, number>> = { y: 1, g: 1, v: 1, n: 2, q: 2, x: 8, t: 8, d: 8, '(': 8, '{': 8 }

/** Bytes to which a type is aligned. */
function alignmentOf(signature: string): number {
  return alignments[signature.charAt(0)] ?? 4
}

/** End of the single complete type that starts at `start`. @throws DbusError */
function endOfType(signature: string, start: number): number {
  const code = signature.charAt(start)
  if (code === 'a') return endOfType(signature, start + 1)
  if (code === '(' || code === '{') return endOfGroup(signature, start + 1, code === '(' ? ')' : '}')
  if (code === '' || !'ybnqiuxtdsogvh'.includes(code)) throw new DbusError(`bad signature ${signature}`)
  return start + 1
}

function endOfGroup(signature: string, start: number, close: string): number {
  let at = start
  while (signature.charAt(at) !== close) at = endOfType(signature, at)
  // An empty struct takes no bytes: an array of them would never end.
  if (at === start) throw new DbusError(`bad signature ${signature}`)
  return at + 1
}

/** The complete types of a signature. @throws DbusError if it is malformed. */
export function splitSignature(signature: string): string[] {
  if (signature.length > 255) throw new DbusError('signature too long')
  const types: string[] = []
  for (let at = 0; at < signature.length;) {
    const end = endOfType(signature, at)
    types.push(signature.slice(at, end))
    at = end
  }
  return types
}

const numberBytes: Readonly<Partial<Record<string, number>>> = { y: 1, n: 2, q: 2, b: 4, i: 4, u: 4, x: 8, t: 8, d: 8 }

function putNumber(bytes: Buffer, code: string, value: unknown, at: number): void {
  if (code === 'y') bytes.writeUInt8(value as number, at)
  if (code === 'n') bytes.writeInt16LE(value as number, at)
  if (code === 'q') bytes.writeUInt16LE(value as number, at)
  if (code === 'b') bytes.writeUInt32LE(value === true ? 1 : 0, at)
  if (code === 'i') bytes.writeInt32LE(value as number, at)
  if (code === 'u') bytes.writeUInt32LE(value as number, at)
  if (code === 'x') bytes.writeBigInt64LE(value as bigint, at)
  if (code === 't') bytes.writeBigUInt64LE(value as bigint, at)
  if (code === 'd') bytes.writeDoubleLE(value as number, at)
}

/** Appends values to a growing message. */
export class WireWriter {
  #bytes: Buffer = Buffer.alloc(256)
  #length = 0

  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length))
  }

  get length(): number {
    return this.#length
  }

  #reserve(count: number): number {
    const at = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(this.#length, 2 * this.#bytes.length))
      this.#bytes.copy(grown)
      this.#bytes = grown
    }
    return at
  }

  align(boundary: number): void {
    this.#reserve((boundary - (this.#length % boundary)) % boundary)
  }

  /** Writes the values of `signature`, one per complete type. @throws DbusError if one does not fit. */
  writeAll(signature: string, values: readonly unknown[]): void {
    const types = splitSignature(signature)
    if (types.length !== values.length) throw new DbusError(`${signature} wants ${types.length} values`)
    types.forEach((type, index) => this.#write(type, values[index]))
  }

  #write(type: string, value: unknown): void {
    this.align(alignmentOf(type))
    const code = type.charAt(0)
    if (code === 'a') this.#writeArray(type.slice(1), value)
    else if (code === '(' || code === '{') this.writeAll(type.slice(1, -1), value as unknown[])
    else if (code === 'v') this.#writeVariant(value as Variant)
    else if (code === 's' || code === 'o') this.#writeText(value as string)
    else if (code === 'g') this.#writeSignature(value as string)
    else this.#writeNumber(code, value)
  }

  #writeNumber(code: string, value: unknown): void {
    const size = numberBytes[code]
    if (size === undefined) throw new DbusError(`cannot send ${code}`)
    // The buffer may be another one once room has been made.
    const at = this.#reserve(size)
    putNumber(this.#bytes, code, value, at)
  }

  #writeBytes(bytes: Buffer): void {
    const at = this.#reserve(bytes.length)
    bytes.copy(this.#bytes, at)
  }

  #writeText(text: string): void {
    const bytes = Buffer.from(text.replaceAll('\0', ''), 'utf8')
    this.#writeNumber('u', bytes.length)
    this.#writeBytes(bytes)
    this.#reserve(1)
  }

  #writeSignature(signature: string): void {
    this.#writeNumber('y', signature.length)
    this.#writeBytes(Buffer.from(signature, 'latin1'))
    this.#reserve(1)
  }

  #writeVariant({ signature, value }: Variant): void {
    this.#writeSignature(signature)
    this.writeAll(signature, [value])
  }

  #writeArray(element: string, value: unknown): void {
    const lengthAt = this.#reserve(4)
    this.align(alignmentOf(element))
    const start = this.#length
    if (element === 'y') this.#writeBytes(value as Buffer)
    else for (const item of value as unknown[]) this.#write(element, item)
    this.#bytes.writeUInt32LE(this.#length - start, lengthAt)
  }
}

/** Reads values from one message; every length is checked against its bytes. */
export class WireReader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes
    this.#at = at
  }

  align(boundary: number): void {
    this.#take((boundary - (this.#at % boundary)) % boundary)
  }

  #take(count: number): number {
    const at = this.#at
    if (count > this.#bytes.length - at) throw new DbusError('truncated')
    this.#at += count
    return at
  }

  /** @throws DbusError if the bytes are not values of `signature`. */
  readAll(signature: string, depth = 0): unknown[] {
    return splitSignature(signature).map((type) => this.#read(type, depth))
  }

  #read(type: string, depth: number): unknown {
    if (depth > maxDepth) throw new DbusError('too deep')
    this.align(alignmentOf(type))
    const code = type.charAt(0)
    if (code === 'a') return this.#readArray(type.slice(1), depth)
    if (code === '(' || code === '{') return this.readAll(type.slice(1, -1), depth + 1)
    if (code === 'v') return this.#readVariant(depth)
    if (code === 's' || code === 'o') return this.#readText(this.#readNumber('u') as number)
    if (code === 'g') return this.#readText(this.#readNumber('y') as number)
    return this.#readNumber(code)
  }

  #readNumber(code: string): number | bigint | boolean {
    switch (code) {
      case 'y':
        return this.#bytes.readUInt8(this.#take(1))
      case 'n':
        return this.#bytes.readInt16LE(this.#take(2))
      case 'q':
        return this.#bytes.readUInt16LE(this.#take(2))
      case 'b':
        return this.#bytes.readUInt32LE(this.#take(4)) !== 0
      case 'i':
        return this.#bytes.readInt32LE(this.#take(4))
      case 'u':
      case 'h':
        return this.#bytes.readUInt32LE(this.#take(4))
      case 'x':
        return this.#bytes.readBigInt64LE(this.#take(8))
      case 't':
        return this.#bytes.readBigUInt64LE(this.#take(8))
      case 'd':
        return this.#bytes.readDoubleLE(this.#take(8))
      default:
        throw new DbusError(`cannot read ${code}`)
    }
  }

  #readText(length: number): string {
    const at = this.#take(length + 1)
    return this.#bytes.toString('utf8', at, at + length)
  }

  #readVariant(depth: number): Variant {
    const signature = this.#readText(this.#readNumber('y') as number)
    const types = splitSignature(signature)
    if (types.length !== 1) throw new DbusError('a variant holds one value')
    return { signature, value: this.#read(signature, depth + 1) }
  }

  #readArray(element: string, depth: number): unknown {
    const length = this.#readNumber('u') as number
    if (length > maxArrayBytes) throw new DbusError('array too long')
    this.align(alignmentOf(element))
    const end = this.#at + length
    if (end > this.#bytes.length) throw new DbusError('truncated')
    if (element === 'y') return Buffer.from(this.#bytes.subarray(this.#take(length), end))
    const items: unknown[] = []
    while (this.#at < end) items.push(this.#read(element, depth + 1))
    if (this.#at !== end) throw new DbusError('array length')
    return items
  }
}
